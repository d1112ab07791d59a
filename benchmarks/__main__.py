"""`make bench`: every benchmark, each with its limit, one line each. Names of some run those alone."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import seats, time_samples, time_use, utilisation
from benchmarks.machine import machine

_ALL = {
    "seats": seats,
    "time_samples": time_samples,
    "utilisation": utilisation,
    "time_use": time_use,
}


def main() -> None:
    started = time.perf_counter()
    wanted = sys.argv[1:] or list(_ALL)
    with tempfile.TemporaryDirectory() as folder, machine(Path(folder)) as on:
        for name in wanted:
            asyncio.run(_ALL[name].run(on))
    print(f"{', '.join(wanted)}: {time.perf_counter() - started:.0f} seconds in all")


if __name__ == "__main__":
    main()

"""`make bench`: every benchmark, each with its limit, one line each."""

import asyncio
import tempfile
from pathlib import Path

from benchmarks import seats, time_samples, utilisation
from benchmarks.machine import machine


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, machine(Path(folder)) as on:
        for benchmark in (seats, time_samples, utilisation):
            asyncio.run(benchmark.run(on))


if __name__ == "__main__":
    main()

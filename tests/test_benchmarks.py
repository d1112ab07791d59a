"""The benchmark of time use runs to its end on a small council; what it measures is no test."""

import os
import re
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_SMALL = {"SAMPLES": "3_000", "LARGE_PILOT": "40", "REQUESTS": "10"}


def test_the_benchmark_of_time_use_says_all_that_it_measures() -> None:
    small = {f"PILOTLIGHT_BENCH_{name}": value for name, value in _SMALL.items()}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "time_use"],
        env=os.environ | small,
        cwd=_ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for said in (
        r"3,000 samples made anew in [\d.]+ s; 3 pilot-days in [\d.]+ s",
        r"one of 3 pilots among 3,000 samples: median [\d.]+ ms, p99 [\d.]+ ms over HTTP; among 300: ",
        r"a pilot of 40 people \(1,000 samples\): median [\d.]+ ms",
    ):
        assert re.search(said, done.stdout), done.stdout

"""Benchmarks: limit and service measured in the same run, printed as ratios. Not part of the tests."""

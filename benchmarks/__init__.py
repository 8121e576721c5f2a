"""Benchmarks: each prints a figure and its ratio to a named reference, measured in the same run."""

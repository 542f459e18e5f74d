"""Simulated clocks of the first generation: a fleet for newcomers, tests and benchmarks."""

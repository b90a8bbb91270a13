"""Finished runs: open one, predict, evaluate and compare."""

"""Callbacks that log a run elsewhere."""

"""Callbacks that write the numbers of a run elsewhere."""

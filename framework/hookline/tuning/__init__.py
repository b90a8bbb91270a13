"""Tune a spec: train trials with values of its search space, in one process or several, until all have ended."""

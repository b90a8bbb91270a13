"""Base classes and functions for callbacks and schedulers."""

"""A module with a value that a layer of a test reads, and that the test changes."""

RATE = 1.0
"""The value."""


def scaled(rows):
    """Multiply by the value."""
    return rows * RATE

"""The names of splits, and of what is in none."""

SPLITS = ("training", "validation", "test")
UNUSED = "unused"
"""The name for the values of rows that no split contains."""
REST = "*"
"""The value that stands for all others."""

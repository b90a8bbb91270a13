"""Rows that are passed in Python, in place of a file."""

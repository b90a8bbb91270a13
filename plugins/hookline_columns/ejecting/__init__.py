"""Kinds of columns as functions of NumPy and pyarrow, for scripts."""

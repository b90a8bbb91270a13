"""Rows as JSON: the cells that a row has, arrays made of them, and columns written as JSON."""

"""Rows as JSON: their cells, for each kind of source."""

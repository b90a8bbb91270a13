"""Metrics of the order of rows, or of the labels of a row."""

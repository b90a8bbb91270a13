"""Metrics that compare numbers with numbers."""

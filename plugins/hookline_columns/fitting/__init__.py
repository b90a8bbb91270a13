"""Fit kinds of columns to training rows, all at once or in parts."""

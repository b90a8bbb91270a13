"""Assign columns to inputs and targets."""

"""Callbacks that measure time."""

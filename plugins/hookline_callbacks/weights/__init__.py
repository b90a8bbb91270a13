"""Callbacks that decide which weights are trained and kept."""

"""Callbacks about the learning rate."""

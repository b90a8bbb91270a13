"""Callbacks that draw pictures."""

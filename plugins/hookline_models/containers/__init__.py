"""Modules that contain modules."""

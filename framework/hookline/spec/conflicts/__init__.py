"""Conflicts between the sections of a spec."""

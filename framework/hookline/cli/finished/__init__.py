"""The commands that use finished runs."""

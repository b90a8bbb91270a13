"""The commands that train."""

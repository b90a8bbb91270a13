"""The directory of a run: what training writes and later commands read."""

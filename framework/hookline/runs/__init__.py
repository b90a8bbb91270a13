"""The plan of a run, its lock and its directory."""

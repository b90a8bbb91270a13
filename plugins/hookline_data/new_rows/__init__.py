"""New rows for a finished run."""

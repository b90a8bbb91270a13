"""Several runs side by side: find and read their directories, compare their settings and metrics, draw their curves."""

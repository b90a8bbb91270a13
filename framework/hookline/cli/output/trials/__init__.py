"""Show trials on a terminal: a row for each that has ended, and lines for those that are running."""

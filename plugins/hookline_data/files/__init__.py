"""Files by path: the kind of a file, and several files or a pattern."""

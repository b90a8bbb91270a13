"""What a path names: the kind of a file, and several files or a pattern."""

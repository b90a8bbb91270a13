"""Arrays of NPZ files: reading and checking them, and the role of each."""

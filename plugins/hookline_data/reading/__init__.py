"""Read cells and columns from files."""

"""Read cells and columns of files."""

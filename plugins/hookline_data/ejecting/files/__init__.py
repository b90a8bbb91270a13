"""The lines that read files."""

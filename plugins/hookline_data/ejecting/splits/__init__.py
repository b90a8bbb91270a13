"""The lines that split rows."""

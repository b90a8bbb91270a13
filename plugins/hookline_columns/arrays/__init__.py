"""Functions of arrays that no option changes."""

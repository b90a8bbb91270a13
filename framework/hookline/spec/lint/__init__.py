"""Check the declarations of components."""

"""The families of components that a spec can name."""

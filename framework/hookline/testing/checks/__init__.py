"""The checks of the kit for each family of components."""

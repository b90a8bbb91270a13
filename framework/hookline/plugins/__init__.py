"""The stages, the plugins that answer them, and the catalog of their components."""

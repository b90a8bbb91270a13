"""How a stage is called, and whose failure it was."""

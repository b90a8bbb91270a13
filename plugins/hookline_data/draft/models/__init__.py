"""The model of a drafted spec."""

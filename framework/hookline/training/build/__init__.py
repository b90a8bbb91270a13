"""Build the model, and load weights into it."""

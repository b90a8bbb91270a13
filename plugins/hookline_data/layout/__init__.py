"""Which columns are inputs and targets."""

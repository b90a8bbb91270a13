"""Split rows, prepare inputs and encode targets."""

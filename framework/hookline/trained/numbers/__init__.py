"""Numbers that describe predictions: pure functions of NumPy arrays, without torch."""

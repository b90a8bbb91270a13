"""Computations in ONNX for which it has no operator of its own."""

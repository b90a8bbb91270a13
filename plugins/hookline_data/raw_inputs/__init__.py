"""What a deployed model takes: rows as they are in the source. Their preparation becomes a graph of ONNX operators."""

"""The inputs of a deployed model: rows as in the source. Their preparation becomes a graph of ONNX operators."""

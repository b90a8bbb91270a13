"""Models in the ONNX format, which takes rows as they are in the source and returns class names. Imports no onnx."""

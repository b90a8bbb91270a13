"""Find what a step depends on besides its tensors: the attributes of layers, and what their functions read."""

"""The mean loss of many batches, computed without keeping their tensors alive."""

"""Metrics of predicted classes, labels and probabilities."""

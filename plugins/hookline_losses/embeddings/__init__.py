"""Losses of embeddings, and the distances between these."""

"""Read images, keep them in memory, and transform batches of them."""

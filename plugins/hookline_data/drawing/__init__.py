"""Draw pairs and triplets of rows."""

"""Read and check the search space of a tuner, and make the documents of its trials."""

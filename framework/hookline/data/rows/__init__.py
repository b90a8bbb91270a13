"""Which rows are taken: sampled, drawn with weights, and their numbers in the source."""

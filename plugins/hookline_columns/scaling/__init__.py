"""Numbers shifted and scaled by statistics of the training rows."""

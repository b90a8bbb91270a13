"""Transform the images of batches and of new rows."""

"""What is tried before anything is written."""

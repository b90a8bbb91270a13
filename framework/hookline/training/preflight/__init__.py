"""The preflight: checks with two rows, before anything is written."""

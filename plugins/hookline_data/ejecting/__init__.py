"""The lines of torch, NumPy and pyarrow that read, split and prepare data."""

"""What kinds learn from training rows that come in parts."""

"""What was trained: open a finished run, predict, evaluate and compare."""

"""The predictions of runs in a report."""

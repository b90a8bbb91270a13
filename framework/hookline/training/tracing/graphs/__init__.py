"""Graphs of operations: recorded, simplified, written as source and run."""

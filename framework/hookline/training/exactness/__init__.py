"""Prove that a training which is interrupted and resumed equals one that is not, and name what differs."""

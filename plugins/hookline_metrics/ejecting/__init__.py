"""Metrics as functions of torch, for scripts."""

"""Callbacks for the learning rate."""

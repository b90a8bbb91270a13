"""Callbacks for gradients."""

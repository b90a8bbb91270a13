"""Callbacks that look at gradients."""

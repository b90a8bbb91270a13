"""Callbacks that draw plots and pictures."""

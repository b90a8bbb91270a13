"""Convolutions and what changes the shape of images."""

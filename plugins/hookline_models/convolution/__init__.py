"""Convolutions, padding, and layers that change the shape of images."""

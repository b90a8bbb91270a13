"""Transforms of images as functions of torch, for scripts."""

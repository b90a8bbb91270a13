"""Encodings: convert target columns to the tensor that a loss takes.

A loss defines the encoding of its target. A data source fits it on the training rows and applies it to every split.
"""

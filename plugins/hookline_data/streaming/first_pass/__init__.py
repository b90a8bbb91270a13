"""The first pass over all rows, which learns how to prepare them."""

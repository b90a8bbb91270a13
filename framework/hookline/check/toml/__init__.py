"""TOML text as a tree whose parts know their places. Knows no spec."""

"""Read TOML as a tree whose values know their places. Knows nothing about specs."""

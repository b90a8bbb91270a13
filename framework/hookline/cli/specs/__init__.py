"""The commands that write, check and explain specs, and list what they can name."""

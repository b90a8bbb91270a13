"""The objective of a spec: one or more losses, and their predictions."""

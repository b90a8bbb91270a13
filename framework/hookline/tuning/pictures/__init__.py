"""Pictures of a study: its history, its learning curves, and how the results depend on the parameters."""

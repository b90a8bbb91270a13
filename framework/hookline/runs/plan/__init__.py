"""The plan of a run: stages and plugins, layers, memory, and the files that it would write."""

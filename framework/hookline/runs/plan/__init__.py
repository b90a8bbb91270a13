"""What a run would do: stages and plugins, layers, memory, and the files that it would write."""

"""The sources of plugins: installed distributions, and your own files and objects."""

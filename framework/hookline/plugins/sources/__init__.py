"""Where plugins come from: installed distributions and your own files."""

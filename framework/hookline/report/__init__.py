"""The report of finished runs: what is known of them, what follows from it, and a page that shows it."""

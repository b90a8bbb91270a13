"""The server: requests, limits, answers and the page."""

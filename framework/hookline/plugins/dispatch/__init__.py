"""Call a stage, and attribute its failures to plugins."""

"""Drafts of plugins."""

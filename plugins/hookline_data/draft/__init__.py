"""Drafts of specs for CSV files: `hookline new spec`."""

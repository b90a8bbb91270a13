"""Metrics of the table of predicted and true classes that do not depend on the names of the classes."""

"""Assign rows to splits: by fractions, classes, groups, times, values of a column, and folds."""

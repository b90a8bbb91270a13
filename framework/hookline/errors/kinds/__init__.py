"""The kinds of mistakes and warnings, with their explanations."""

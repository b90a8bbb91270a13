"""The search space of a tuner: which values of a spec are tried. Knows no file and no search algorithm."""

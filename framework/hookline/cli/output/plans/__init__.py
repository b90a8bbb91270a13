"""Plans as text: of a spec, of what remains of a run, and of weights of another run."""

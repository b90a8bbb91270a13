"""Save the whole state of a training between two steps, and continue from it with the same bits."""

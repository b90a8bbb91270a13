"""Random specs of what Hookline has, and all that a training with one of them leaves."""

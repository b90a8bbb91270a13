"""The plan of a run that is not trained, with estimates of its memory and time."""

"""From the text of spec files to a `TrainingSpec`, or to everything that is wrong with them. Never imports torch."""

"""Turn the text of spec files into a `TrainingSpec`, or report all problems. Never imports torch."""

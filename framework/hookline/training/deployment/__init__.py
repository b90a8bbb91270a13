"""Deploy a trained model: every artifact is read back and compared with the model before it gets its name."""

"""The arguments that several commands share, and suggestions for mistyped ones."""

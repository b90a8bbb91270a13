"""The family of losses, by what a loss declares about itself."""

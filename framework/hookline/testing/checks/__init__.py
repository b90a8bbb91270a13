"""What the kit checks of a component."""

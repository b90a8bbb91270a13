"""What a spec minimizes: one or more losses, and what they predict."""

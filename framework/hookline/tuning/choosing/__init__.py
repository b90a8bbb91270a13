"""Which trials a process trains next: those that it claims, with the values that the search chooses for them."""

"""What all members of a stack compute at once: batches, outputs, losses and gradients, with stacked parameters."""

"""The training loop: the steps of each epoch, and what happens between two steps and after an epoch."""

"""What callbacks and schedulers are built on."""

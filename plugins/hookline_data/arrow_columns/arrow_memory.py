"""Return memory to the system that pyarrow keeps for later use."""


def release() -> None:
    """Return memory that pyarrow has freed to the system. It takes less than a millisecond."""
    import pyarrow

    pyarrow.default_memory_pool().release_unused()

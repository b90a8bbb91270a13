"""Recognize errors that say that there is not enough memory."""

ON_CPU = "DefaultCPUAllocator"
"""What the errors of torch contain if the main memory is too small. They are plain instances of `RuntimeError`."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error, or the cause of it, says that there is not enough memory.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."))
    True
    """
    return any(
        isinstance(one, MemoryError)
        or type(one).__name__ == "OutOfMemoryError"
        or (isinstance(one, RuntimeError) and ON_CPU in str(one))
        for one in chain(error)
    )


def chain(error: BaseException) -> list[BaseException]:
    """Return the error, its cause, the cause of that, and so on."""
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found

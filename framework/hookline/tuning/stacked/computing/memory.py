"""Keep memory that large tensors have used, for those of the next step."""

THRESHOLD = 2**25 - 2**16
"""A size in bytes, a little below the largest one up to which the C library of Linux reuses memory, 32 MiB."""


def keep_freed_memory() -> None:
    """Let the C library reuse memory of large tensors instead of returning it to the operating system.

    glibc returns large blocks, and requests others for the next tensors, whose pages the system fills with zeros one by
    one. To release a block of up to 32 MiB makes glibc reuse blocks of its size from then on, and keep twice as much
    memory that is not in use. Other C libraries ignore it.
    """
    import torch

    torch.empty(THRESHOLD, dtype=torch.uint8)  # Released immediately.

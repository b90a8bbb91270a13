"""Keep the buffers of modules while they are tried."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def unchanged_buffers(*modules: "nn.Module") -> Iterator[None]:
    """Restore the buffers of modules after the context, also those that were replaced by other tensors.

    A layer or a loss may keep statistics of all batches, also in evaluation mode. The training begins without those of
    the batch that was tried.
    """
    import torch

    before = [
        (one, name, buffer, buffer.clone())
        for module in modules
        for one in module.modules()
        for name, buffer in one.named_buffers(recurse=False)
    ]
    try:
        yield
    finally:
        with torch.no_grad():
            for one, name, buffer, value in before:
                # Sparse ones cannot be compared, and one that is expanded cannot be written.
                if buffer.layout == torch.strided and not torch.equal(buffer, value):
                    buffer.copy_(value)
                if getattr(one, name) is not buffer:
                    setattr(one, name, buffer)

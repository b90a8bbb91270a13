"""The estimated memory of a run."""

from attrs import frozen


@frozen(kw_only=True)
class Memory:
    """The estimated memory of a run on its device, in bytes, without that of torch itself."""

    parameters: int
    """The parameters and buffers of model and loss."""
    gradients: int
    """The gradients of the parameters."""
    optimizer: int | None
    """The state of the optimizer; `None` if unknown."""
    activations: int
    """The memory of a step for one batch or one part of it: tensors saved for the gradients, the outputs, and the
    gradients of the largest output; twice that on the CPU, since the C library keeps freed memory between tensors."""
    data: int
    """The data, if it is held in memory, and the batches gathered from it."""

    @property
    def total(self) -> int:
        """The sum of the known parts."""
        return self.parameters + self.gradients + (self.optimizer or 0) + self.activations + self.data

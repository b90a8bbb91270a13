"""The memory that a run is estimated to take."""

from attrs import frozen


@frozen(kw_only=True)
class Memory:
    """What a run is estimated to take on its device, in bytes, beside what torch itself takes."""

    parameters: int
    """The parameters and buffers of model and loss."""
    gradients: int
    """The gradients of the parameters."""
    optimizer: int | None
    """The state of the optimizer; `None` if that is unknown."""
    activations: int
    """What a step takes for one batch, or for one part of it: what is kept for the gradients, the outputs, and the
    gradients of the largest of them; on the CPU twice that, since the C library keeps freed memory between tensors."""
    data: int
    """The data, if it is held in memory, and the batches that are gathered from it at once."""

    @property
    def total(self) -> int:
        """All together, as far as it is known."""
        return self.parameters + self.gradients + (self.optimizer or 0) + self.activations + self.data

"""The states of torch's generator of the CPU of all members, for what their plugins draw."""

from collections.abc import Iterator
from contextlib import contextmanager

from hookline.tuning.stacked.computing.layers.noise import Noise


class Generators:
    """Lets each member draw from its own generator, whose state is that of its noise."""

    def __init__(self, noise: Noise):
        """Take the noise, whose states may change until `end`."""
        self._noise = noise
        self._states = noise.states()
        self._are_changed = False

    @contextmanager
    def of(self, member: int) -> Iterator[None]:
        """Draw as a member in the context."""
        import torch

        torch.set_rng_state(self._states[member])
        yield
        state = torch.get_rng_state()
        if not torch.equal(state, self._states[member]):
            self._states[member], self._are_changed = state, True

    def end(self) -> None:
        """Draw the noise from the states in which the generators are now."""
        if self._are_changed:
            self._noise.take_states(self._states)

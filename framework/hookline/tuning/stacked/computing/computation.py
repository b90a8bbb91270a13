"""What a stack computes for all of its members at once: outputs, losses and gradients."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hookline.data.tensor_batches import are_in_memory
from hookline.tuning.stacked.computing.batches import Together, epoch_of
from hookline.tuning.stacked.computing.criterion import Criterion, Losses
from hookline.tuning.stacked.computing.evaluation import Evaluation
from hookline.tuning.stacked.computing.layers.network import Network
from hookline.tuning.stacked.computing.layers.noise import Noise
from hookline.tuning.stacked.computing.rows import Rows
from hookline.tuning.stacked.computing.trained import CRITERION, MODEL, blocks_of, both_parts
from hookline.tuning.stacked.members import Member
from hookline.tuning.stacked.refusals import NotStackable

if TYPE_CHECKING:
    from torch import Tensor


class Computation:
    """The stacked parameters of members, and what is computed with them."""

    def __init__(self, members: Sequence[Member], generators: "Sequence[Tensor]", before: Sequence[Sequence[str]] = ()):
        """Stack the members.

        Args:
            members: the members.
            generators: the state of torch's generator of the CPU for each of them.
            before: the names of the parameters that were trained before, in blocks.

        Raises:
            NotStackable: If the members do not train the same parameters, or some have another dtype.

        """
        self.members = list(members)
        parts = [member.parts for member in members]
        modules = list(map(both_parts, parts))
        self.rows = Rows(modules, blocks_of(modules, parts, before))
        self.noise = Noise([one.model for one in parts], generators)
        self.network = Network(parts[0].model, self.rows.inside(MODEL), self.noise)
        run = members[0].run
        self.criterion = Criterion(run.objective, [one.criterion for one in parts], self.rows.inside(CRITERION))
        self._training = [one.data.training for one in parts]
        self.evaluation = Evaluation(
            network=self.network,
            criterion=self.criterion,
            data=[one.data for one in parts],
            trained=[(one.model, one.criterion) for one in parts],
            keeps_outputs=any(member.needs_outputs for member in members),
            rows=self.rows,
            run=run,
        )
        for index, member in enumerate(members):
            member.evaluator.join(self.evaluation, index)

    @property
    def may_read_ahead(self) -> bool:
        """Whether batches may be requested before earlier ones are trained: others may depend on these steps."""
        return all(map(are_in_memory, self._training))

    def epoch(self, number: int) -> Iterator[Together]:
        """The batches of an epoch."""
        return epoch_of(self._training, number)

    def gradients(self, together: Together) -> Losses:
        """Compute the gradients of all members for a batch, and return their losses."""
        import torch

        outputs = self.network(together.inputs(), training=True)
        losses = self.criterion(outputs, together)
        gradients = torch.autograd.grad(losses.values.sum(), self.rows.trained, allow_unused=True)
        if any(one is None for one in gradients):
            unused = next(name for name, one in zip(self.rows.names, gradients, strict=True) if one is None)
            raise NotStackable(f"The parameter {unused.removeprefix(f'{MODEL}.')} has no gradient.")
        self.rows.put_gradients(gradients)
        return losses

    def states(self) -> "Mapping[Member, Tensor]":
        """The present state of the generator of each member."""
        return dict(zip(self.members, self.noise.states(), strict=True))

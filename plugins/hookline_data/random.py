"""Random inputs, for examples and benchmarks that are about something else."""

from hookline import Run
from hookline.data import Data, in_memory
from hookline.errors import DataError
from hookline.spec import DataSpec, LossSpec, option, spec


@spec
class Random(DataSpec):
    """Inputs from the normal distribution with mean 0 and variance 1, and the targets that are given.

    There is neither a validation nor a test split: there is nothing to learn but these rows.
    """

    features: int = option(minimum=1)
    """How many numbers a row has."""
    targets: tuple[float, ...] = option(unbounded=True)
    """The target of each row; as many as there are to be rows."""
    data_seed: int = option(default=0, minimum=0)
    """Where the random numbers of the inputs start: `torch.Generator().manual_seed(data_seed)`."""

    @property
    def has_validation(self) -> bool:
        """There is none."""
        return False

    def prepare(self, run: Run, loss: LossSpec) -> Data:
        """Draw the inputs."""
        import numpy
        import torch

        if not self.targets:
            raise DataError("There are no rows.", option=("targets",))
        generator = torch.Generator().manual_seed(self.data_seed)
        inputs = torch.randn(len(self.targets), self.features, generator=generator)
        return in_memory(
            self,
            run,
            loss,
            {"training": {"input": inputs}},
            {"training": {"target": {"target": numpy.array(self.targets)}}},
            source="data.targets",
        )

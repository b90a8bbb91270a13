"""Random inputs, for examples and benchmarks that are about something else."""

from hookline import Batch, Data, DataError, DataSpec, Run, TensorBatches, option, spec
from hookline_data.targets import encode


@spec
class Random(DataSpec):
    """Inputs from the normal distribution with mean 0 and variance 1, and the targets that are given.

    There is neither a validation nor a test split: there is nothing to learn but these rows.
    """

    features: int = option(minimum=1)
    """How many numbers a row has."""
    targets: tuple[float, ...]
    """The target of each row; as many as there are to be rows."""
    data_seed: int = option(default=0, minimum=0)
    """Where the random numbers of the inputs start: `torch.Generator().manual_seed(data_seed)`."""

    def prepare(self, run: Run) -> Data:
        """Draw the inputs."""
        import numpy
        import torch

        if not self.targets:
            raise DataError("data.targets: There are no rows.")
        if self.drop_last and len(self.targets) < self.batch_size:
            raise DataError(f"data.targets: With `drop_last` no batch is left: there are {len(self.targets)} rows.")
        generator = torch.Generator().manual_seed(self.data_seed)
        inputs = torch.randn(len(self.targets), self.features, generator=generator).to(run.device)
        encoded, targets = encode({"target": numpy.array(self.targets)}, run.spec.loss)
        training = TensorBatches(
            {"input": inputs},
            {"target": encoded.to(run.device)},
            batch_size=self.batch_size,
            seed=run.spec.run.seed if self.shuffle else None,
            drop_last=self.drop_last,
        )
        example = Batch({"input": inputs[:2].clone()}, {"target": encoded[:2].to(run.device)})
        return Data(training=training, example=example, targets={"target": targets})

"""Random inputs, for examples and benchmarks in which the data does not matter."""

from hookline import Run
from hookline.data import Data, in_memory
from hookline.errors import DataError
from hookline.script import BatchNames, Script, literal
from hookline.spec import DataSpec, Objective, option, spec


@spec
class Random(DataSpec):
    """Normally distributed inputs with mean 0 and variance 1, and fixed targets.

    There is no validation or test split.
    """

    features: int = option(minimum=1)
    """The number of features per row."""
    targets: tuple[float, ...] = option(unbounded=True)
    """The target of each row. There is one row per target."""
    data_seed: int = option(default=0, minimum=0)
    """The seed of the inputs: `torch.Generator().manual_seed(data_seed)`."""

    @property
    def has_validation(self) -> bool:
        """Whether there is a validation split: no."""
        return False

    def prepare(self, run: Run, loss: Objective) -> Data:
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

    def eject(self, script: Script, run: Run, data: Data, objective: Objective) -> BatchNames:
        """Add the lines that draw the inputs."""
        from hookline_data.ejecting.batches import add_batches

        rows = len(self.targets)
        script.use("import numpy as np")
        script.add("read", f"generator = torch.Generator().manual_seed({self.data_seed})")
        drawn = f"torch.randn({rows}, {self.features}, generator=generator)"
        script.add("read", f"inputs = {script.moved(drawn)}", apart=False)
        script.add("read", f"target = np.array({literal(list(self.targets))})", apart=False)
        [encoding] = objective.encodings(["target"]).values()
        expression = encoding.eject(script, {"target": "target"}, data.target, "splits['training']")
        script.add("split", f'splits = {{"training": np.arange({rows})}}')
        script.add("prepare", f"targets = {script.moved(expression)}")
        add_batches(script, self, ["inputs", "targets"])
        return BatchNames(inputs={"input": "x"}, targets={"target": "y"})

"""Deployment as safetensors: the weights, and JSON with everything else that a prediction needs."""

from collections.abc import Iterable
from pathlib import Path

from attrs import asdict

from hookline import Run, Trial
from hookline.files import write_file, write_weights
from hookline.spec import DeploySpec, plain, spec, to_json


@spec
class Safetensors(DeploySpec):
    """Write `model.safetensors` and `model.json` to the directory `safetensors` of the run.

    A loss with parameters is written to `criterion.safetensors` beside them.

    The JSON contains the spec; for each group of inputs the shape of a row, whether rows are sequences padded with 0,
    and how to compute it from a row of the source (columns, statistics, shape); the class names; and the function that
    turns an output into a prediction. The files contain no code.
    """

    writes_to = ("safetensors/",)
    connects_to = ()

    def deploy(self, run: Run, trial: Trial) -> Iterable[Path]:
        """Write both files."""
        directory, losses = trial.directory / "safetensors", trial.spec.losses
        directory.mkdir(exist_ok=True)
        example = trial.data.example
        description = {
            "format": "hookline.safetensors.1",
            "spec": plain(trial.spec, directory),
            "inputs": {
                name: {
                    "shape": list(rows.shape[1:]),
                    "dtype": str(rows.dtype).removeprefix("torch."),
                    "padded": name in example.lengths,
                }
                for name, rows in example.inputs.items()
            },
            "preparation": trial.data.preparation,
            "targets": {name: asdict(target) for name, target in trial.data.targets.items()},
            "activation": {name: loss.activation for name, loss in losses.items()}
            if losses
            else trial.spec.loss.activation,
        }
        weights, json = directory / "model.safetensors", directory / "model.json"
        write_weights(weights, trial.model)
        write_file(json, to_json(description, indent=2) + "\n")
        if not any(True for _ in trial.criterion.parameters()):
            return weights, json
        criterion = directory / "criterion.safetensors"
        write_weights(criterion, trial.criterion)
        return weights, criterion, json

"""Deployment as safetensors: the weights, and JSON with everything else that a prediction needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.files import plain_name, write_weights
from hookline.spec import DeploySpec, spec
from hookline_deploy.described import described

if TYPE_CHECKING:
    from torch import nn

    from hookline.training import Comparison, Deployment

MODEL, CRITERION = "model.safetensors", "criterion.safetensors"
"""The files with the weights of the model, and of the loss."""


@spec
class Safetensors(DeploySpec):
    """Write `model.safetensors` and `model.json` to the directory `safetensors` of the run.

    A loss with parameters is written to `criterion.safetensors` beside them.

    The JSON contains the spec; for each group of inputs the shape of a row, whether rows are sequences padded with 0,
    and how to compute it from a row of the source (columns, statistics, shape); the class names; and the function that
    turns an output into a prediction. The files contain no code.
    """

    directory = "safetensors"
    writes_to = ("safetensors/",)
    connects_to = ()

    def write(self, deployment: "Deployment", directory: Path) -> Mapping[str, Any]:
        """Write the weights."""
        write_tensors(deployment, directory)
        return described(deployment, "hookline.safetensors.1", directory)

    def compare(self, deployment: "Deployment", directory: Path) -> "Comparison":
        """Load the weights into a new model, and compare its predictions."""
        return compared_weights(deployment, directory)


def write_tensors(deployment: "Deployment", directory: Path) -> None:
    """Write the weights of the model, and those of the loss if it has any."""
    write_weights(directory / MODEL, deployment.model)
    if any(True for _ in deployment.criterion.parameters()):
        write_weights(directory / CRITERION, deployment.criterion)


def compared_weights(deployment: "Deployment", directory: Path) -> "Comparison":
    """Load the weights in a directory into a new model, and compare its predictions with those of the one in memory.

    Raises:
        DeploymentError: If they are not the same bits.

    """
    import safetensors

    from hookline.training import compared  # Not needed to check a spec, and it imports much.

    run, criterion = deployment.run, deployment.criterion
    data = deployment.data.data(run.device)
    model = run.stages.build_model(run=run, data=data).eval()
    _load(model, deployment.model, directory / MODEL)
    if (directory / CRITERION).is_file():
        criterion = run.stages.select_loss(run=run, data=data).eval()
        _load(criterion, deployment.criterion, directory / CRITERION)
    found = deployment.predictions(model, criterion)
    return compared(deployment.expected, found, tolerance=0, reader=f"safetensors {safetensors.__version__}")


def _load(module: "nn.Module", written: "nn.Module", path: Path) -> None:
    """Load a file into a module, and compare it with the one that was written. Shared tensors are in the file once."""
    from safetensors.torch import load_file

    from hookline.training import compared_tensors

    saved = load_file(path)
    names = {plain_name(name): name for name in module.state_dict()}
    module.load_state_dict({names[name]: tensor for name, tensor in saved.items()}, strict=False)
    known = {plain_name(name): tensor for name, tensor in written.state_dict().items()}
    found = {plain_name(name): tensor for name, tensor in module.state_dict().items()}
    compared_tensors(known, found)

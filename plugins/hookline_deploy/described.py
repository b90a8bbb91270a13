"""The description of a deployed model that its users need beside its weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict

from hookline.spec import plain

if TYPE_CHECKING:
    from hookline.training import Deployment


def described(deployment: "Deployment", version: str, directory: Path) -> dict[str, Any]:
    """Return the spec, the inputs and their preparation, the targets, and what turns outputs into predictions.

    Args:
        deployment: the model.
        version: the name of the format, with its version.
        directory: the directory that paths in the spec are relative to.

    """
    spec, data = deployment.spec, deployment.data
    losses = spec.losses
    return {
        "format": version,
        "spec": plain(spec, directory),
        "inputs": {
            name: {"shape": list(group.shape), "dtype": group.dtype, "padded": group.padded}
            for name, group in data.inputs.items()
        },
        "preparation": data.preparation,
        "targets": {name: asdict(target) for name, target in data.targets.items()},
        "activation": {name: loss.activation for name, loss in losses.items()} if losses else _activation(deployment),
    }


def _activation(deployment: "Deployment") -> str:
    assert deployment.spec.loss is not None, "A spec has either [loss] or [losses]."
    return deployment.spec.loss.activation

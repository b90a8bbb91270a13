"""Run an ONNX model on example rows, as its users do: with onnxruntime, and the columns of the rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.training import Deployment
from hookline_deploy.onnx_model.description import outputs_of
from hookline_deploy.onnx_model.outputs import columns_of_outputs
from hookline_deploy.onnx_model.session import opened

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def predicted(deployment: Deployment, path: Path) -> "dict[str, pyarrow.Array]":
    """Return what an ONNX file predicts for the example rows of a deployment, as the columns of `hookline predict`.

    The first row is predicted alone, since models that were traced wrongly take one number of rows only.

    Raises:
        DeploymentError: If it is not a valid file, or cannot be run.

    """
    session = opened(path)
    outputs = outputs_of(session)
    arrays = deployment.raw_inputs.arrays(deployment.rows)
    wanted = [one.name for one in outputs]
    several = [session.run(wanted, part) for part in _parts(arrays)]
    return columns_of_outputs(outputs, [_joined(parts) for parts in zip(*several, strict=True)])


def _parts(arrays: "dict[str, NDArray[Any]]") -> "list[dict[str, NDArray[Any]]]":
    """Return the first row, and all others."""
    rows = len(next(iter(arrays.values())))
    ranges = [slice(0, 1), slice(1, None)] if rows > 1 else [slice(0, 1)]
    return [{name: array[one] for name, array in arrays.items()} for one in ranges]


def _joined(parts: "tuple[NDArray[Any], ...]") -> "NDArray[Any]":
    import numpy

    joined: NDArray[Any] = numpy.concatenate(parts)
    return joined

"""Deployment as an ONNX model that takes rows as they are in the source."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hookline.errors import DeploymentError, OptionError
from hookline.files import write_file
from hookline.spec import DeployedModel, DeploySpec, option, spec
from hookline.training import Comparison, Deployment, compared, exact_predictions
from hookline_deploy.described import described

FILE = "model.onnx"
"""The file with the model."""
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""The required packages."""


@spec
class ONNX(DeploySpec):
    """Write an ONNX model, `model.onnx`, to `onnx` in the run: raw rows in, class names out.

    Its inputs are the columns by name, with any number of rows: numbers `(N, 1)` as float64, so that large numbers keep
    their digits, int64 for indices, strings for categories, and arrays for sources with arrays. Filling in missing
    cells, categories, scaling and other kinds of columns are inside, and so is the inverse of what was done to targets.
    Its outputs are `label`, the name of the class or the number, `probabilities`, and `readable`, which is false for
    rows that the model cannot take. `model.json` describes all of them. onnxruntime runs the model without Hookline and
    torch.

    Needs `pip install "hookline[onnx]"`.

    Source: https://docs.pytorch.org/docs/stable/onnx_export.html
    """

    directory = "onnx"
    writes_to = ("onnx/",)
    connects_to = ()
    format = "hookline.onnx.1"

    opset_version: int | None = option(default=None, minimum=20)
    """The version of the ONNX operators. Default: that of torch."""
    tolerance: float = option(default=1e-6, minimum=0)
    """The largest difference of predicted numbers to those of the model in memory that is accepted. A model with large
    outputs rounds them in memory, too: numbers that differ more are also accepted if they are as near to those of the
    same model computed in float64 as the numbers in memory. Labels must be equal."""

    def check(self, deployment: Deployment) -> Iterable[OptionError]:
        """Report missing packages, columns without ONNX operators, and a model that cannot be traced or converted."""
        if reasons := _reasons(deployment):
            yield OptionError("type", " ".join(reasons))
            return
        from hookline_deploy.onnx_model.build import built

        try:
            with deployment.opened():
                built(deployment, self.opset_version)
        except DeploymentError as error:
            yield OptionError("type", str(error))

    def write(self, deployment: Deployment, directory: Path) -> Mapping[str, Any]:
        """Build the model, and write it."""
        if reasons := _reasons(deployment):
            raise DeploymentError(" ".join(reasons))
        from hookline_deploy.onnx_model.build import built
        from hookline_deploy.onnx_model.description import described as of_model

        made = built(deployment, self.opset_version)
        write_file(directory / FILE, made.proto.SerializeToString())
        return {
            **described(deployment, self.format, directory),
            **of_model(made.inputs, made.outputs),
        }

    @classmethod
    def open_served(cls, directory: Path, description: Mapping[str, Any]) -> DeployedModel:
        """Open the model with onnxruntime."""
        # Writing the model also needs onnxscript.
        if missing := [name for name in missing_packages() if name != "onnxscript"]:
            raise DeploymentError(needed(missing))
        if FILE not in description["files"]:
            raise ValueError(f"it lists no {FILE}")
        from hookline_deploy.onnx_model.served import ServedGraph

        return ServedGraph(directory / FILE, description)

    def compare(self, deployment: Deployment, directory: Path) -> Comparison:
        """Run the model with onnxruntime on the example rows, the first one alone."""
        import onnxruntime

        from hookline_deploy.onnx_model.compare import predicted

        found = predicted(deployment, directory / FILE)
        reader = f"onnxruntime {onnxruntime.__version__}"
        exact = partial(exact_predictions, deployment)
        return compared(deployment.expected, found, tolerance=self.tolerance, reader=reader, exact=exact)


def _reasons(deployment: Deployment) -> Sequence[str]:
    """Return why a run cannot be deployed as ONNX, apart from its model."""
    missing = missing_packages()
    return [needed(missing)] if missing else deployment.raw_inputs.refusals()


def missing_packages() -> list[str]:
    """Return the required packages that are not installed, without importing any."""
    found = {name: find_spec(name) for name in PACKAGES}
    # A plain folder of this name has no origin.
    return [name for name, package in found.items() if package is None or package.origin is None]


def needed(packages: Sequence[str]) -> str:
    """Return the sentence about packages that are not installed."""
    return f'ONNX needs {" and ".join(packages)}: pip install "hookline[onnx]".'

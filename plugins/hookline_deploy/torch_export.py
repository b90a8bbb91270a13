"""Deployment as a program of `torch.export`."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.data import Batch
from hookline.errors import DeploymentError, OptionError
from hookline.files import write_file
from hookline.spec import DeploySpec, option, spec
from hookline.training import Comparison, Deployment, arguments_of, compared, quiet, traced
from hookline_deploy.described import described

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PROGRAM = "model.pt2"
"""The file with the program."""


@spec
class TorchExport(DeploySpec):
    """Write the model and its prediction as a program of `torch.export`, `model.pt2`, to `torch_export` in the run.

    The program takes prepared inputs as tensors, with any number of rows, and returns the predictions: probabilities,
    or numbers in the unit of the target. `model.json` says how to prepare the inputs, as that of `Safetensors` does.
    Running the program needs torch, and not the code of the model.

    torch unpickles parts of a `.pt2` file when it loads it: load only files from people whom you trust.

    Source: https://docs.pytorch.org/docs/stable/export.html
    """

    directory = "torch_export"
    writes_to = ("torch_export/",)
    connects_to = ()

    tolerance: float = option(default=1e-6, minimum=0)
    """The largest difference to the predictions of the model in memory that is accepted. It is 0 for most models, and
    about 1e-7 for recurrent layers, which then run over the padding of sequences."""

    def check(self, deployment: Deployment) -> Iterable[OptionError]:
        """Report a model that cannot be traced."""
        try:
            with deployment.opened():
                traced(deployment, "torch")
        except DeploymentError as error:
            yield OptionError("type", str(error))

    def write(self, deployment: Deployment, directory: Path) -> Mapping[str, Any]:
        """Trace the model, and write the program."""
        import torch

        program = traced(deployment, "torch")
        content = io.BytesIO()
        with quiet():
            torch.export.save(program, content)
        # If torch writes to the file itself, a full disk ends the process.
        write_file(directory / PROGRAM, content.getvalue())
        return {
            **described(deployment, "hookline.torch_export.1", directory),
            "arguments": [
                {"name": name, "dtype": _dtype(tensor), "shape": _shape(node)}
                for name, tensor, node in zip(
                    deployment.signature.arguments, deployment.signature.example, _arguments(program), strict=True
                )
            ],
            "outputs": deployment.signature.outputs,
        }

    def compare(self, deployment: Deployment, directory: Path) -> Comparison:
        """Load the program that was just written, and run it on the example rows."""
        import torch

        with quiet():
            program = torch.export.load(directory / PROGRAM).module()

        def predict(batch: Batch) -> Any:
            return deployment.signature.columns(program(*arguments_of(batch).values()))

        found, reader = deployment.predictions_by(predict), f"torch {torch.__version__}"
        return compared(deployment.expected, found, tolerance=self.tolerance, reader=reader)


def _arguments(program: "torch.export.ExportedProgram") -> "list[Tensor]":
    """Return the arguments of a program as they were traced."""
    names = program.graph_signature.user_inputs
    nodes = {node.name: node.meta["val"] for node in program.graph.nodes if node.op == "placeholder"}
    return [nodes[str(name)] for name in names]


def _shape(tensor: "Tensor") -> list[int | None]:
    """Return the shape of an argument; `None` for a dimension of any size."""
    return [size if isinstance(size, int) else None for size in tensor.shape]


def _dtype(tensor: "Tensor") -> str:
    return str(tensor.dtype).removeprefix("torch.")

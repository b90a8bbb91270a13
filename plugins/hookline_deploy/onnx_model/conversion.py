"""Convert a traced model to ONNX."""

from typing import TYPE_CHECKING, Any

from hookline.errors import DeploymentError
from hookline.training import Deployment, quiet, said, traced
from hookline_deploy.onnx_model.translations import translations_of_torch

if TYPE_CHECKING:
    import onnx
    import torch


def converted(deployment: Deployment, opset_version: int | None) -> "onnx.ModelProto":
    """Return the model of an opened deployment in ONNX, with its prediction.

    Raises:
        DeploymentError: If it cannot be traced, or has an operator that ONNX lacks.

    """
    import onnx
    import torch

    program = traced(deployment, "onnx")
    modules: list[Any] = [one for one in deployment.model.modules() if hasattr(one, "onnx_translations")]
    own = {operator: function for one in modules for operator, function in one.onnx_translations().items()}
    with quiet():
        try:
            made: Any = torch.onnx.export(
                program,
                dynamo=True,
                verbose=False,
                opset_version=opset_version,
                custom_translation_table={**translations_of_torch(), **own},
            )
            proto: onnx.ModelProto = made.model_proto
        except Exception as error:
            cause = _cause(error)
            where = _layer_of(program, str(cause))
            raise DeploymentError(f"torch.onnx cannot convert {where}. {said(cause)}") from error
    found = next(one.version for one in proto.opset_import if not one.domain)
    if opset_version not in (None, found):
        # torch only logs that it could not convert the operators to this version.
        raise DeploymentError(f"torch.onnx cannot write `opset_version = {opset_version}`.")
    return proto


def _cause(error: BaseException) -> BaseException:
    """Return the innermost error, which says most."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _layer_of(program: "torch.export.ExportedProgram", message: str) -> str:
    """Return the name of the first layer with an operator that a message names; "the model" if there is none."""
    for node in program.run_decompositions().graph.nodes:
        if node.op == "call_function" and repr(node.target) in message:
            *_, (path, kind) = node.meta["nn_module_stack"].values()
            if name := path.removeprefix("model").removeprefix("."):
                return f"the layer {name} ({str(kind).rpartition('.')[2]})"
    return "the model"

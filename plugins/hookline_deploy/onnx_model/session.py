"""Open an ONNX file with onnxruntime, and nothing else: files with the weights elsewhere are refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DeploymentError

if TYPE_CHECKING:
    import onnx
    import onnxruntime


def opened(path: Path) -> "onnxruntime.InferenceSession":
    """Open an ONNX file on the CPU.

    Raises:
        DeploymentError: If it is not a complete ONNX file, for example because its weights are in another file.

    """
    import onnx
    import onnxruntime

    content = path.read_bytes()
    try:
        model = onnx.load_model_from_string(content)
        refuse_external(model, path)
        onnx.checker.check_model(model)
    except DeploymentError:
        raise
    except Exception as error:
        raise DeploymentError(f"{path}: This is not a valid ONNX file. {_first_line(error)}") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # Only errors.
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise DeploymentError(f"{path}: onnxruntime cannot open the model. {_first_line(error)}") from error


def refuse_external(model: "onnx.ModelProto", path: Path) -> None:
    """Raise a `DeploymentError` if a tensor of a model is in another file, which could be any file of this machine."""
    import onnx

    for tensor in _tensors(model):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise DeploymentError(f'{path}: The tensor "{tensor.name}" is in another file, which is not read.')


def _tensors(message: Any) -> "Iterator[onnx.TensorProto]":
    """Yield all tensors in a message of protobuf, at any depth."""
    import onnx

    if isinstance(message, onnx.TensorProto):
        yield message
        return
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for inner in value if field.is_repeated else [value]:
                yield from _tensors(inner)


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}".rstrip(": ")

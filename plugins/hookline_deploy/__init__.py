"""Deployment targets."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the deployment targets of this plugin, by module."""
    return Components(
        __name__,
        {
            "hugging_face": ("HuggingFace",),
            "onnx_target": ("ONNX",),
            "safetensors": ("Safetensors",),
            "torch_export": ("TorchExport",),
        },
    )

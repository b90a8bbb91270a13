"""Forms in which a trained model is handed on."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's deployment targets, by the modules that have them."""
    return Components(
        __name__,
        {
            "safetensors": ("Safetensors",),
        },
    )

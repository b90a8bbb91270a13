"""Forms in which a trained model is handed on."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_deploy.safetensors import Safetensors


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's deployment targets."""
    return (Safetensors,)

"""How parameters begin: the functions of `torch.nn.init`."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_initialization.torch_functions import FUNCTIONS


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's initializations."""
    return FUNCTIONS

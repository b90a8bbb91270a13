"""Initializations of parameters."""

from typing import TYPE_CHECKING

from hookline.script.written import without_lines
from hookline.spec.options import spec
from hookline.spec.parameters import ParameterSelection

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script.script import Script


@spec
class InitializationSpec(ParameterSelection):
    """An initialization of the selected parameters, which replaces that of their layer."""

    family = "initialization"
    behavior = ("initialize",)

    def initialize(self, tensor: "Tensor") -> None:
        """Overwrite a parameter in place."""
        raise NotImplementedError(f"{type(self).__name__} has no `initialize`.")

    @without_lines
    def eject(self, script: "Script", tensor: str) -> str:
        """Return the statement that overwrites a parameter, given as code, for `hookline eject`."""
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

"""Deployments of a trained model."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.spec.options import Spec

if TYPE_CHECKING:
    from collections.abc import Iterable


class DeploySpec(Spec):
    """A format in which to deploy the trained model."""

    __slots__ = ()
    family = "deployment target"

    writes_to: ClassVar[tuple[str, ...] | None] = None
    """The files and directories to which it writes; relative ones are in the run directory. `hookline plan` prints
    them. `None` means unknown, which `hookline plan` reports."""

    connects_to: ClassVar[tuple[str, ...] | None] = None
    """The addresses or services to which it connects. `None` means unknown, as for `writes_to`."""

    def deploy(self, run: Any, trial: Any) -> "Iterable[Path]":
        """Write the model and return the paths of what was written."""
        raise NotImplementedError(f"{type(self).__name__} has no `deploy`.")

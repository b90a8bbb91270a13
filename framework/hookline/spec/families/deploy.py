"""Deployments of a trained model."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from hookline.errors.option_errors import OptionError
from hookline.spec.options import Spec


class DeploySpec(Spec):
    """A format in which to deploy the trained model.

    A model is deployed by `hookline.training.deploy`: it calls `write` with an empty directory, flushes the files to
    the disk, calls `compare`, adds the comparison to the description, and renames the directory. An error at any point
    leaves nothing behind.
    """

    __slots__ = ()
    family = "deployment target"

    directory: ClassVar[str] = ""
    """The name of the directory of its files in the run directory. Default: the name of the class in lower case."""

    description: ClassVar[str] = "model.json"
    """The name of the file with the description of the others."""

    writes_to: ClassVar[tuple[str, ...] | None] = None
    """The files and directories to which it writes; relative ones are in the run directory. `hookline plan` prints
    them. `None` means unknown, which `hookline plan` reports."""

    connects_to: ClassVar[tuple[str, ...] | None] = None
    """The addresses or services to which it connects. `None` means unknown, as for `writes_to`."""

    def place_in(self, home: Path) -> Path:
        """Return the directory of its files in a run directory."""
        return home / (self.directory or type(self).__name__.lower())

    def check(self, deployment: Any) -> Iterable[OptionError]:
        """Yield the reasons why a model cannot be deployed in this format.

        Called before training, with the untrained model and without metrics.

        Args:
            deployment: a `hookline.training.Deployment`.

        """
        return ()

    def write(self, deployment: Any, directory: Path) -> Mapping[str, Any]:
        """Write the model to an empty directory, and return the description of the files as JSON-compatible values.

        Args:
            deployment: a `hookline.training.Deployment`.
            directory: the directory.

        Raises:
            DeploymentError: If the model cannot be written in this format; the message says why.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `write`.")

    def compare(self, deployment: Any, directory: Path) -> Any:
        """Read the files as their users will, and compare the model with the one in memory on `deployment.rows`.

        Returns:
            A `hookline.training.Comparison`, or `None` if there is nothing to compare.

        Raises:
            DeploymentError: If they differ.

        """
        return None

"""Deployments of a trained model."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from hookline.data.json_rows.row_field import RowField
from hookline.errors.option_errors import OptionError
from hookline.spec.options import Spec

if TYPE_CHECKING:
    from hookline.spec.objective.prediction_columns import PredictionColumn


class DeployedModel(Protocol):
    """A deployed model that predicts rows of JSON."""

    name: str
    """The name of the run."""
    titles: Mapping[str, str]
    """The columns of each target, to be shown."""
    fields: Sequence[RowField]
    """The cells of a row."""
    columns: "Sequence[PredictionColumn]"
    """The columns of the predictions, whose values mean nothing."""

    def predict(self, rows: Sequence[Mapping[str, Any]], first: int = 1) -> "list[PredictionColumn]":
        """Return the predictions for rows; `first` is the number of the first row, for messages.

        Raises:
            DataError: If rows cannot be read.

        """


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

    format: ClassVar[str] = ""
    """The name of the format, with its version, in the description of models that `hookline serve` can serve."""

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

    @classmethod
    def open_served(cls, directory: Path, description: Mapping[str, Any]) -> "DeployedModel":
        """Open a deployed model to predict rows of JSON, for `hookline serve`. Nothing may be unpickled.

        Called if `format` is that of the description. The files have been compared with the checksums in it.

        Args:
            directory: the directory of the files.
            description: the description, which may contain anything.

        Raises:
            DeploymentError: If the model cannot be opened.
            KeyError, TypeError, ValueError: If the description is not one of this format.

        """
        raise NotImplementedError(f"{cls.__name__} has no `open_served`.")

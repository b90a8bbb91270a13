"""Serve a deployed model: the files of a deployment, checked against their description, without the run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hookline.data.json_rows.row_field import RowField
from hookline.data.json_rows.texts import json_objects
from hookline.errors.exceptions import DeploymentError, HooklineError
from hookline.plugins.catalog import Catalog
from hookline.runs.directory import SPEC
from hookline.spec.families.deploy import DeployedModel, DeploySpec
from hookline.spec.objective.prediction_columns import PredictionColumn

BATCH_SIZE = 4096
"""The number of rows to which a deployed model is applied at once."""


def is_deployed(directory: Path) -> bool:
    """Whether a directory has a deployed model, and is not a run."""
    return (directory / DeploySpec.description).is_file() and not (directory / SPEC).is_file()


def open_deployed(directory: Path, catalog: Catalog) -> "DeployedPredictor":
    """Open a deployed model.

    Raises:
        HooklineError: If its files are not those that its description lists, or if no plugin can serve its format.

    """
    path = directory / DeploySpec.description
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        files, version = dict(description["files"]), str(description["format"])
        for name, known in files.items():
            _check(directory, str(name), int(known["size"]), str(known["sha256"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise HooklineError(f"{path}: This is not the description of a deployed model ({error}).") from None
    kinds: dict[str, Any] = {kind.format: kind for kind in catalog.family(DeploySpec).values() if kind.format}  # type: ignore[attr-defined]
    if version not in kinds:
        known_formats = " or ".join(kinds) or "none"
        raise HooklineError(
            f"{path}: The format is {version}, but `hookline serve` takes {known_formats}. Serve the run instead."
        )
    try:
        model = kinds[version].open_served(directory, description)
    except DeploymentError as error:
        raise HooklineError(str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HooklineError(f"{path}: This is not the description of a deployed model ({error}).") from None
    return DeployedPredictor(model, directory)


def _check(directory: Path, name: str, size: int, checksum: str) -> None:
    """Raise a `HooklineError` if a file is not the one that was deployed."""
    path = directory / name
    if Path(name).name != name:
        raise HooklineError(f"{path}: The file is in another directory than its description, and is not read.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise HooklineError(f"{path}: The file cannot be read: {error.strerror}.") from None
    if len(content) != size or hashlib.sha256(content).hexdigest() != checksum:
        raise HooklineError(
            f"{path}: The file is not the one that {DeploySpec.description} describes: it was damaged, or replaced. "
            "Deploy the run again."
        )


class DeployedPredictor:
    """A deployed model that predicts rows of JSON: see `Served`."""

    batch_size = BATCH_SIZE
    are_alike = True

    def __init__(self, model: DeployedModel, directory: Path):
        """Try the model with an example."""
        self._model = model
        self.name = model.name
        self.titles: Mapping[str, str] = model.titles
        self.about = f"The deployed model {directory}."
        self.fields: Sequence[RowField] = model.fields
        self.example: Mapping[str, Any] | None = {field.name: field.example for field in self.fields}
        self.outputs: Sequence[PredictionColumn]
        try:
            self.outputs = model.predict([self.example])
        except HooklineError:
            self.example, self.outputs = None, model.columns

    def few(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Return `None`: `prepared` takes few rows in the same way as many."""

    def prepared(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[list[str]]:
        """Return the predictions as JSON: the graph of the model checks the rows itself."""
        import pyarrow

        found: list[list[str]] = []
        for start in range(0, len(rows), BATCH_SIZE):
            columns = self._model.predict(rows[start : start + BATCH_SIZE], first=start + 1)
            names = [column.name for column in columns]
            batch = pyarrow.RecordBatch.from_arrays([column.values for column in columns], names=names)
            found.append(json_objects(batch))
        return found

    def predicted(self, blocks: Sequence[list[str]], joined_rows: int) -> list[list[str]]:
        """Return the predictions."""
        return list(blocks)

    def close(self) -> None:
        """Nothing is open."""

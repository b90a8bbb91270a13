"""The facts in the files of a finished run: its spec, how it ended, its metrics and its data."""

import json
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from hookline.data.description import DataDescription
from hookline.plugins.weights import Weights
from hookline.runs import directory as directories, lock
from hookline.runs.manifest import Manifest
from hookline.runs.trials import ChosenTrial
from hookline.spec.training import TrainingSpec
from hookline.trained.run_files import json_of, refuse_other_result, refusing_unreadable


class RunRecord:
    """What the files of a finished run say. Each file is checked with the manifest, and read when it is first used."""

    def __init__(self, trial: ChosenTrial, files: Manifest, spec: TrainingSpec):
        """Keep what was read of the run."""
        self.trial = trial
        """Which trial of the run it is, and of how many: one of one if the run is not tuned."""
        self.directory = trial.directory
        """The directory of the run, or of the trial."""
        self.spec = spec
        """The spec that was trained."""
        self.files = files
        """The manifest, with which each file is checked before it is read."""
        self.result: Mapping[str, Any] = json_of(files, directories.RESULT)
        """The content of `result.json`."""
        with refusing_unreadable(self.directory / directories.RESULT):
            refuse_other_result(self.result)

    def __repr__(self) -> str:
        """The run in one line."""
        name = f"{self.spec.run.name}, {self.trial}" if self.trial.trials > 1 else self.spec.run.name
        return f"<{type(self).__name__} {name}: {self.state}, {self.result['epochs']} epochs; in {self.directory}>"

    @property
    def state(self) -> str:
        """How the training ended: "finished", "stopped", "interrupted" or "failed"."""
        return str(self.result["state"])

    @property
    def weights(self) -> Weights:
        """Which weights were saved."""
        saved = self.result["weights"]
        return Weights(source=saved["source"], epoch=saved["epoch"], step=saved["step"], is_mean=saved["is_mean"])

    @property
    def metrics(self) -> Mapping[str, float]:
        """The known loss and metrics of the saved weights: `{"test/loss": …, "test/Accuracy": …}`.

        A split without numbers can be evaluated. What the log says of other weights is in `result["logged"]`.
        """
        splits: Mapping[str, Mapping[str, float | None]] = self.result["metrics"]
        return {
            f"{split}/{name}": math.nan if value is None else value  # JSON has no NaN.
            for split, several in splits.items()
            for name, value in several.items()
        }

    @cached_property
    def history(self) -> Sequence[Mapping[str, Any]]:
        """The record of each epoch, as in `metrics.jsonl`."""
        path = self.files.checked(directories.LOG)
        with refusing_unreadable(path):
            return [dict(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]

    @cached_property
    def plan(self) -> Mapping[str, Any]:
        """What ran: plugins, stages, layers and environment, as in `run.lock.toml`."""
        return lock.read(self.files.checked(lock.NAME).parent)

    @cached_property
    def data(self) -> DataDescription:
        """The description of the data that it was trained on."""
        table = json_of(self.files, directories.DATA)
        with refusing_unreadable(self.directory / directories.DATA):
            return DataDescription.from_json(table)

"""Open a finished run: everything that later commands need, from its directory alone."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.data.description import DataDescription
from hookline.errors.exceptions import RunError
from hookline.plugins.manager import Plugins
from hookline.plugins.stages import Run
from hookline.plugins.weights import Weights
from hookline.runs import directory as directories, lock
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.trained.load_weights import load_weights
from hookline.training.run_setup import new_run

if TYPE_CHECKING:
    import torch
    from torch import nn


def open_run(
    directory: str | Path, *, plugins: Iterable[object] = (), device: "str | torch.device | None" = None
) -> "FinishedRun":
    """Open the directory of a finished run.

    The directory alone is needed: it may have been moved or copied to another machine, and the data may be gone. The
    plugins that the spec lists must be installed. Code in the directory is never run: pass plugin files that the run
    used with `-p` as `plugins`.

    Args:
        directory: the directory of the run, such as "runs/iris/1".
        plugins: modules or objects with hook implementations that the run used in addition to the installed plugins.
        device: the device of the model. Default: that of the spec.

    Raises:
        RunError: If this is not the directory of a run that has ended, or if a file in it is damaged.
        SpecError: If the spec cannot be loaded, for example because a plugin is missing.

    >>> import hookline, torch
    >>> spec = hookline.load("specs/iris.toml", ["run.epochs=3"])
    >>> trained = hookline.train(spec, out=getfixture("tmp_path") / "iris")
    >>> run = hookline.open_run(trained.directory)
    >>> run.state, run.weights.epoch, run.data.targets["target"].classes
    ('finished', 3, ('setosa', 'versicolor', 'virginica'))
    >>> run.model(torch.zeros(1, 4)).equal(trained.model(torch.zeros(1, 4)))
    True

    """
    home = Path(directory)
    if not home.is_dir():
        raise RunError(f"{home}: There is no such directory.")
    if not (home / "spec.toml").is_file():
        raise RunError(f"{home}: This is not the directory of a run: it has no spec.toml.")
    unfinished = f"{home}: The run has not ended, or it was killed: there is no result.json."
    result = _json(home / directories.RESULT, unfinished)
    loader = Loader(plugins)
    document = documents.read(home / "spec.toml", lists=SEVERAL)
    spec = loader.load(document)
    return FinishedRun(home, spec, loader.plugins(document), result, None if device is None else str(device))


class FinishedRun:
    """A finished run. Open one with `hookline.open_run`."""

    def __init__(
        self, directory: Path, spec: TrainingSpec, plugins: Plugins, result: Mapping[str, Any], device: str | None
    ):
        """Keep what was read of the run; the model is built when it is first used."""
        self.directory = directory
        """The directory of the run."""
        self.spec = spec
        """The spec that was trained."""
        self.result = result
        """The content of `result.json`."""
        self._plugins = plugins
        self._device = device

    def __repr__(self) -> str:
        """The run in one line."""
        return f"<FinishedRun {self.spec.run.name}: {self.state}, {self.result['epochs']} epochs; in {self.directory}>"

    @property
    def state(self) -> str:
        """How the training ended: "finished", "stopped", "interrupted" or "failed"."""
        return str(self.result["state"])

    @property
    def weights(self) -> Weights:
        """Which weights were saved."""
        saved = self.result["weights"]
        return Weights(source=saved["source"], epoch=saved["epoch"], step=saved["step"])

    @property
    def metrics(self) -> Mapping[str, float]:
        """The loss and metrics of each split: `{"test/loss": …, "test/Accuracy": …}`."""
        splits: Mapping[str, Mapping[str, float]] = self.result["metrics"]
        return {f"{split}/{name}": value for split, several in splits.items() for name, value in several.items()}

    @cached_property
    def history(self) -> Sequence[Mapping[str, Any]]:
        """The record of each epoch, as in `metrics.jsonl`."""
        path = self.directory / directories.LOG
        try:
            return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: The log cannot be read. {error}") from None

    @cached_property
    def plan(self) -> Mapping[str, Any]:
        """What ran: plugins, stages, layers and environment, as in `run.lock.toml`."""
        return lock.read(self.directory)

    @cached_property
    def data(self) -> DataDescription:
        """The description of the data that it was trained on."""
        path = self.directory / directories.DATA
        try:
            return DataDescription.from_json(_json(path, f"{path}: There is no such file."))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{path}: The description of the data cannot be read. {error}") from None

    @cached_property
    def model(self) -> "nn.Module":
        """The trained model, in evaluation mode."""
        return self._modules[0]

    @cached_property
    def criterion(self) -> "nn.Module":
        """The loss, with its trained parameters if it has any, in evaluation mode."""
        return self._modules[1]

    @contextmanager
    def opened(self) -> Iterator[Run]:
        """Open a `hookline.Run` whose stages can be called, such as `predict` and `evaluate`.

        Its spec has no callbacks except those that are part of the model: see `WrapperSpec.is_part_of_model`.
        """
        callbacks = tuple(one for one in self.spec.callbacks if one.is_part_of_model)
        spec: TrainingSpec = evolve(cast("Any", self.spec), callbacks=callbacks)
        with new_run(spec, self._plugins, device=self._device) as run:
            run.state.epoch, run.state.step = self.weights.epoch, self.weights.step
            run.state.is_trained = True
            yield run

    @cached_property
    def _modules(self) -> "tuple[nn.Module, nn.Module]":
        """The model and the criterion, built by the stages of the run, with the saved weights."""
        with self.opened() as run:
            data = self.data.data(run.device)
            model = run.stages.build_model(run=run, data=data)
            criterion = run.stages.select_loss(run=run, data=data)
        load_weights(model, self.directory / directories.MODEL)
        if any(True for _ in criterion.parameters()):
            load_weights(criterion, self.directory / directories.CRITERION)
        return model.eval(), criterion.eval()


def _json(path: Path, missing: str) -> Any:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(missing) from None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path}: The file is damaged. {str(error).rstrip('.')}.") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: The file is damaged. It must be a JSON object.")
    return value

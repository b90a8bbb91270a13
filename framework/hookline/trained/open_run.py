"""Open a finished run: everything that later commands need, from its directory alone."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.errors.argument_error import ArgumentError
from hookline.errors.exceptions import MismatchError
from hookline.runs import devices, lock
from hookline.runs.directory import SPEC
from hookline.runs.trials import chosen_trial
from hookline.spec.training import SEVERAL
from hookline.trained.finished_run import FinishedRun
from hookline.trained.original_data import changes_of_data
from hookline.trained.run_files import checked, warn_of_unknown
from hookline.trained.run_plugins import load_spec, refuse_missing, refuse_other_versions, warn_of_changes

if TYPE_CHECKING:
    import torch


def open_run(
    directory: str | Path,
    *,
    trial: int | None = None,
    data: Any = None,
    overrides: Iterable[str] = (),
    plugins: Iterable[object] = (),
    device: "str | torch.device | None" = None,
    accept_changed_plugins: bool = False,
) -> FinishedRun:
    """Open the directory of a finished run.

    The directory alone is needed: it may have been moved or copied to another machine, and the data may be gone. The
    plugins that the spec lists must be installed, in the same version. Code in the directory is never run: pass plugin
    files that the run used with `-p` as `plugins`.

    Args:
        directory: the directory of the run, such as "runs/iris/1".
        trial: the number of a trial of a tuned run, from 1. Default: the best trial, which is the one that the training
            returned: that with the smallest validation loss, or training loss if there is no validation split.
        data: the rows of the run, if they were passed to `hookline.train` as `data`, to evaluate its splits.
        overrides: changes of the section `[data]`, such as `data.path=/new/iris.csv` for data that has been moved.
            Relative paths start at the current directory, while those in its `spec.toml` start at that of the run.
        plugins: modules or objects with hook implementations that the run used in addition to the installed plugins.
        device: the device of the model. Default: that of the spec, or another one if this machine does not have it.
        accept_changed_plugins: accept another version of an installed plugin, with a warning instead of an error.

    Raises:
        RunError: If this is not the directory of a run that has ended, if a file in it is damaged, or if a plugin is
            missing or has another version.
        SpecError: If the spec cannot be loaded, for example because a plugin has changed.
        HooklineError: If this machine does not have the device.

    >>> import hookline, torch
    >>> spec = hookline.load("specs/iris.toml", ["run.epochs=3"])
    >>> trained = hookline.train(spec, out=getfixture("tmp_path") / "iris")
    >>> run = hookline.open_run(trained.directory)
    >>> run.state, run.weights.epoch, run.data.targets["target"].classes
    ('finished', 3, ('setosa', 'versicolor', 'virginica'))
    >>> run.model(torch.zeros(1, 4)).equal(trained.model(torch.zeros(1, 4)))
    True

    """
    chosen = chosen_trial(Path(directory), trial)
    home, extra = chosen.directory, list(plugins)
    files = checked(home)
    warn_of_unknown(chosen)
    locked = lock.read(home)
    refuse_missing(locked, extra, home)
    if not accept_changed_plugins:
        refuse_other_versions(locked, home)
    loader = Loader(extra)
    document = documents.read(home / SPEC, overrides=changes_of_data(overrides), lists=SEVERAL)
    spec = load_spec(loader, document, home)
    warn_of_changes(locked, loader.plugins(document), home)
    if device is not None:
        device = str(device)
        try:
            devices.select(device, spec.run.dtype)
        except MismatchError as error:
            raise ArgumentError("device", error.message) from None
    return FinishedRun(chosen, files, spec, loader, document, device, data)

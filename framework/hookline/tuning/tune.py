"""Tune a spec from Python."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.errors.argument_error import refuse_unless_positive
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import HooklineError, HooklineWarning
from hookline.plugins.manager import Plugins
from hookline.plugins.signals import Interruption, reason
from hookline.spec.dump import plain
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.storage import Storage
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.training.preparation import refuse_other_specs
from hookline.tuning.finishing import finish
from hookline.tuning.joining import connected, join_study
from hookline.tuning.opening import new_study, open_study, refuse_unused_arguments
from hookline.tuning.refitting import refit
from hookline.tuning.study import Study


def tune(
    spec: TrainingSpec | None = None,
    *,
    trials: int | None = None,
    data: Any = None,
    plugins: Iterable[object] = (),
    out: str | Path | None = None,
    resume: str | Path | None = None,
    storage: str | None = None,
    study: str | None = None,
    on_end: Callable[[TrialRecord], None] = lambda _: None,
) -> Study:
    """Train the trials of a spec with a section `[tune]`, and return the study.

    The directory of the study has a directory for each trial, and `best.toml`, the spec of the best trial, which trains
    to the value that the study reports. A trial that fails does not end the study.

    Args:
        spec: the spec, from `hookline.load`. It may be omitted to resume a study.
        trials: the total number of trials. Default: that of the spec.
        data: the rows in place of the files that the spec names, as for `hookline.train`.
        plugins: modules or objects with hook implementations, in addition to the plugins that the spec lists.
        out: the directory of the study, which must not exist. Default: `runs/<name>/<number>`.
        resume: the directory of a study to resume, instead of a new one. Other processes may work on it, too.
        storage: the URL of a database with the trials, such as "postgresql://me@host/db", which machines without a
            common file system share. A study of the same name is joined. `out` is the directory on this machine.
        study: the name of the study in the storage. Default: `run.name` of the spec, or the only study.
        on_end: called with the record of each trial that has ended.

    Raises:
        ArgumentError: if an argument has a wrong value, or has no effect beside the others.
        RunError: if `resume` is not the directory of a study, or if it is the study of another spec.
        StorageError: if the storage cannot be reached, or does not have the study.
        HooklineError: if the spec has no section `[tune]`, or the first trials all fail.
        KeyboardInterrupt: after Ctrl-C. The trials that have ended are kept.

    >>> import hookline
    >>> space = "tune.space={'optimizer.lr' = { low = 0.001, high = 0.1, log = true }}"
    >>> changes = ["run.epochs=2", "tune.type=RandomSearch", "tune.trials=3", space.replace("'", '"')]
    >>> study = hookline.tune(hookline.load("specs/iris.toml", changes), out=getfixture("tmp_path") / "study")
    >>> [record.state for record in study.records]
    ['finished', 'finished', 'finished']
    >>> best = hookline.load(study.root / "best.toml")
    >>> best.optimizer.lr == study.best[0].values["optimizer.lr"]
    True

    """
    refuse_unused_arguments(resume, out=out, storage=storage, study=study)
    refuse_unless_positive("trials", trials)
    loader = Loader(plugins)
    plugins_of_spec = Plugins(spec.plugins if spec is not None else (), loader.extra)
    with connected(storage, plugins_of_spec) as connection:
        opened = _opened(spec, loader, trials, out, resume, connection, study)
        interruption = Interruption()
        with interruption, _each_warning_once():
            interruption.listen()
            opened.work(interruption, given=data, on_end=on_end)
            finish(opened)
            refit(opened, interruption, given=data)
            if interruption.number is not None:
                raise KeyboardInterrupt(reason(interruption.number))
    return opened


@contextmanager
def _each_warning_once() -> Iterator[None]:
    """Show each warning of Hookline once, although every trial gives it."""
    usual = warnings.showwarning
    known: set[Diagnostic] = set()

    def show(message: Warning | str, category: type[Warning], *where: Any, **others: Any) -> None:
        if isinstance(message, HooklineWarning):
            if message.diagnostic in known:
                return
            known.add(message.diagnostic)
        usual(message, category, *where, **others)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _opened(
    spec: TrainingSpec | None,
    loader: Loader,
    trials: int | None,
    out: str | Path | None,
    resume: str | Path | None,
    storage: Storage | None,
    study: str | None,
) -> Study:
    """The study that the arguments name: a new one, or one to resume."""
    if resume is not None:
        return open_study(Path(resume), loader, like=spec, trials=trials, storage=storage)
    if spec is not None:
        refuse_other_specs(spec)
    if storage is not None:
        return join_study(storage, study, loader, like=spec, creates=spec is not None, trials=trials, out=out)
    if spec is None:
        raise HooklineError("Pass a spec, or the directory of a study to `resume`.")
    table = plain(spec, Path())
    if trials is not None and "tune" in table:
        table["tune"]["trials"] = trials
    document = documents.from_table(table, lists=SEVERAL)
    return new_study(loader.load(document), loader, document, out)

"""Create the directory of a study, or open one to resume it."""

from pathlib import Path
from typing import Any

from attrs import evolve

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.check.toml.document import Document
from hookline.errors.argument_error import ArgumentError
from hookline.errors.exceptions import HooklineError, RunError, StorageError
from hookline.errors.text import dotted
from hookline.files.atomic import write_file
from hookline.runs import directory as directories
from hookline.runs.study import STORAGE, StudyPlan, read_plan, write_plan
from hookline.spec.compare import differences
from hookline.spec.dump import as_toml, dumps, plain
from hookline.spec.families.tuner import OF_TRIALS
from hookline.spec.space.storage import Storage, TrialStore
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.tuning.directory_store import DirectoryStore
from hookline.tuning.study import Study

WITHOUT_SEARCH = (
    "The spec has no section [tune]: there is nothing to search. Add one, with a `type` that `hookline list tuners` "
    "lists, and the options to search in [tune.space]."
)


def new_study(spec: TrainingSpec, loader: Loader, document: Document, out: str | Path | None) -> Study:
    """Create the directory of a study.

    Raises:
        HooklineError: if the spec has no tuner, or the directory cannot be created.

    """
    if spec.tune is None:
        raise HooklineError(WITHOUT_SEARCH)
    root = directories.create(directories.plan(out, spec.run.name), numbered=out is None)
    write_file(root / directories.SPEC, dumps(spec, root, name=loader.plugins(document).catalog.name))
    write_plan(root, plan_of(spec))
    return open_study(root, loader)


def plan_of(spec: TrainingSpec) -> StudyPlan:
    """What a study of a spec monitors."""
    assert spec.tune is not None, "The spec has a tuner."
    assert spec.tune.total is not None, "A spec is checked when it is read."
    higher = {metric.label for metric in spec.metrics if metric.higher_is_better}
    monitors = spec.tune.monitors
    by_metric = [name not in OF_TRIALS and name.partition("/")[2] in higher for name in monitors]
    maximized = by_metric if spec.tune.mode is None else [spec.tune.mode == "max"]
    together = spec.tune.vectorize if spec.tune.vectorize > 1 else None
    return StudyPlan(trials=spec.tune.total, monitors=monitors, maximized=tuple(maximized), vectorize=together)


def open_study(
    root: Path,
    loader: Loader,
    *,
    like: TrainingSpec | None = None,
    trials: int | None = None,
    storage: Storage | None = None,
) -> Study:
    """Open the directory of a study, to resume it.

    Args:
        root: the directory.
        loader: the loader with the plugins.
        like: a spec that must be that of the study, except for the number of trials, which may be higher.
        trials: a new total number of trials.
        storage: the storage that has the trials, if the directory does not have them.

    Raises:
        RunError: if this is not the directory of a study, or that of another spec, or if more trials have ended.
        StorageError: if the storage does not have the study of the directory.
        SpecError: if the spec of the study cannot be read.

    """
    plan = read_plan(root)
    store = _store_of(plan, root, storage)
    plan = evolve(plan, trials=StudyPlan.from_json(store.read_plan()).trials)
    document = documents.read(root / directories.SPEC, lists=SEVERAL)
    spec = loader.load(document)
    if like is not None:
        refuse_other_spec(spec, like, str(root))
        if trials is None and like.tune is not None and like.tune.total is not None:
            trials = max(like.tune.total, plan.trials)  # The study may have been extended.
    study = Study(root=root, spec=spec, document=document, loader=loader, plan=plan, extra=loader.extra, store=store)
    study.refresh()
    if trials is not None and trials != plan.trials:
        if trials < max(study.ended, default=0):
            raise RunError(f"{root}: Trial {max(study.ended)} has ended already: the total cannot be {trials}.")
        study.change_total(trials)
        study.refresh()
    return study


def refuse_unused_arguments(
    resume: str | Path | None, *, out: str | Path | None, storage: str | None, study: str | None
) -> None:
    """Raise an `ArgumentError` for an argument that would have no effect; `resume` is the directory of a study."""
    if resume is None:
        if study is not None and storage is None:
            raise ArgumentError("study", "This names a study in a storage: pass its URL, too.")
        return
    if out is not None:
        raise ArgumentError("out", "A study continues in its own directory: remove this.")
    if study is not None:
        raise ArgumentError("study", "The directory of a study knows its name: remove this.")
    if storage is not None and read_plan(Path(resume)).storage is None:
        raise ArgumentError("storage", "The trials of this study are in its directory: remove this.")


def _store_of(plan: StudyPlan, root: Path, storage: Storage | None) -> TrialStore:
    """The trials of the study in a directory."""
    if plan.storage is None:
        return DirectoryStore(root)
    if storage is None:
        raise RunError(
            f"{root}: The trials of this study are in {plan.storage}. Pass its URL: `--storage`, or the environment "
            f"variable {STORAGE}."
        )
    assert plan.study is not None, "A study in a storage has a name."
    store = storage.open(plan.study) if storage.spec_of(plan.study) is not None else None
    if store is None or StudyPlan.from_json(store.read_plan()).id != plan.id:
        raise StorageError(f"{storage.name}: The study {plan.study} of {root} is not there.")
    return store


def refuse_other_spec(spec: TrainingSpec, like: TrainingSpec, place: str) -> None:
    """Raise a `RunError` with the differences if a spec is not that of a study; the number of trials may differ."""
    changed = [one for one in differences(spec, like) if one.path != ("tune", "trials")]
    if changed:
        lines = [f"  {dotted(one.path)}: {_shown(one.first)} in the study, {_shown(one.second)} now" for one in changed]
        raise RunError("\n".join([f"{place}: This is the study of another spec:", *lines]))


def _shown(value: Any) -> str:
    value = plain(value, Path())
    return as_toml(value) if isinstance(value, (str, int, float, bool, list, dict)) else str(value)

"""Connect to a storage of studies, and join a study in it from this machine."""

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

from attrs import evolve

from hookline.check.load import Loader
from hookline.check.toml import document as documents
from hookline.errors.exceptions import HooklineError, PluginError, StorageError
from hookline.errors.failures import FAILURES, reason
from hookline.errors.suggestions import did_you_mean
from hookline.errors.text import enumerate_names
from hookline.files.atomic import write_file
from hookline.plugins.manager import Plugins
from hookline.runs import directory as directories
from hookline.runs.study import StudyPlan, write_plan
from hookline.spec.dump import dumps
from hookline.spec.space.storage import Storage
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.tuning.opening import WITHOUT_SEARCH, open_study, plan_of, refuse_other_spec
from hookline.tuning.study import Study


@contextmanager
def connected(url: str | None, plugins: Plugins) -> Iterator[Storage | None]:
    """Connect to a storage of studies until the end of the context; yields `None` without a URL.

    Raises:
        StorageError: if it cannot be reached, or no plugin has a storage for such a URL.
        PluginError: if the plugin fails.

    """
    if url is None:
        yield None
        return
    try:
        storage: Storage | None = plugins.manager().hook.open_storage(url=url)
    except HooklineError:
        raise
    except FAILURES as error:  # Its text might contain the password in the URL.
        message = f'A plugin failed in "open_storage". {reason(error).replace(url, "the URL")}'
        raise PluginError(message) from None
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise StorageError("The storage must be a URL, such as `postgresql://user@host/database`.")
    if storage is None:
        raise StorageError(f"No plugin has a storage for URLs that begin with `{scheme}://`.")
    with closing(storage):
        yield storage


def join_study(
    storage: Storage,
    study: str | None,
    loader: Loader,
    *,
    like: TrainingSpec | None = None,
    creates: bool = False,
    trials: int | None = None,
    out: str | Path | None = None,
) -> Study:
    """Create a directory on this machine for a study in a storage, to work on it.

    Args:
        storage: the storage.
        study: the name of the study. Default: that of the run of `like`, or that of the only study.
        loader: the loader with the plugins.
        like: a spec that must be that of the study, except for the number of trials.
        creates: whether to create the study if there is none.
        trials: a new total number of trials.
        out: the directory, which must not exist. Default: `runs/<name>/<number>`.

    Raises:
        StorageError: if the storage has no such study.
        RunError: if it is that of another spec.
        HooklineError: if the spec has no tuner, or the directory cannot be created.

    """
    name = study or (_only(storage) if like is None else like.run.name)
    if like is not None and like.tune is None:
        raise HooklineError(WITHOUT_SEARCH)
    if like is not None and creates:
        plan = evolve(plan_of(like), id=uuid4().hex)
        storage.create(name, _text(like, Path(), loader), plan.to_json())
    text = storage.spec_of(name)
    if text is None:
        raise StorageError(f"{storage.name}: {_no_such_study(name, storage.studies())}")
    # Paths of files are relative to the current directory, which may be another one on each machine.
    spec = loader.load(documents.from_table(tomllib.loads(text), lists=SEVERAL))
    if like is not None:
        refuse_other_spec(spec, like, f"{storage.name}, study {name}")
    plan = evolve(StudyPlan.from_json(storage.open(name).read_plan()), storage=storage.name, study=name)
    root = directories.create(directories.plan(out, spec.run.name), numbered=out is None)
    write_file(root / directories.SPEC, _text(spec, root, loader))
    write_plan(root, plan)
    return open_study(root, loader, like=like, trials=trials, storage=storage)


def _text(spec: TrainingSpec, directory: Path, loader: Loader) -> str:
    """The spec as TOML, for a file in a directory."""
    catalog = Plugins(spec.plugins, loader.extra).catalog
    return dumps(spec, directory, name=catalog.name)


def _only(storage: Storage) -> str:
    names = storage.studies()
    if len(names) == 1:
        return names[0]
    known = f"it has {enumerate_names(names)}" if names else "it has none"
    raise StorageError(f"{storage.name}: Name the study with `--study`: {known}.")


def _no_such_study(name: str, names: Sequence[str]) -> str:
    known = f" It has {enumerate_names(names)}." if names else " It has none."
    return f"There is no study {name}.{did_you_mean(name, names) or known}"

"""Load specs from files with the plugins that they list, and check everything that does not need torch."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from hookline.check.reader import Reader, in_order
from hookline.check.toml import document as documents
from hookline.check.toml.document import Document
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import HooklineError, MismatchError, PluginError, SpecError
from hookline.errors.failures import attributed_to
from hookline.errors.option_errors import OptionError
from hookline.errors.suggestions import MOST_LISTED
from hookline.errors.text import counted, enumerate_names
from hookline.plugins.manager import Plugins
from hookline.spec.conflicts.conflicts import objective_of
from hookline.spec.training import SEVERAL, TrainingSpec

NAMES = ("missing-file", "unknown-column")
"""The ids of errors about names of files and columns, which do not depend on most other options."""


def load(
    source: str | Path | Mapping[str, Any],
    overrides: Iterable[str] = (),
    *,
    overlays: Iterable[str | Path] = (),
    plugins: Iterable[object] = (),
) -> TrainingSpec:
    """Load a spec from a TOML file, or from a table as a TOML parser returns it.

    Args:
        source: the path of the file, or the table. In a table, paths may be `pathlib.Path`.
        overrides: changes of single values, such as `optimizer.lr=0.01`. Paths are relative to the current directory.
        overlays: further files, merged into the first in this order.
        plugins: modules or objects whose components the spec may use in addition to the plugins that it lists.

    Raises:
        SpecError: if the spec has problems; it contains all of them.
        HooklineError: if a file cannot be read, or a plugin cannot be used.

    >>> import hookline
    >>> hookline.load("specs/iris.toml", ["optimizer.lr=0.5"]).optimizer.lr
    0.5

    """
    if isinstance(source, (str, Path)):
        document = documents.read(source, overlays, overrides, lists=SEVERAL)
    elif isinstance(source, Mapping):
        document = documents.from_table(source, overlays, overrides, lists=SEVERAL)
    else:
        raise HooklineError(f"A spec is the path of a file or a mapping, not {type(source).__name__}.")
    return Loader(plugins).load(document)


class Loader:
    """Loads specs from documents. It reuses plugins and their classes for all documents."""

    def __init__(self, plugins: Iterable[object] = ()):
        """Create a loader that uses these modules or objects in addition to the plugins that specs list."""
        self._extra = tuple(plugins)
        self._known: dict[tuple[str, ...], tuple[Plugins, Reader, list[Diagnostic]]] = {}

    @property
    def extra(self) -> tuple[object, ...]:
        """The plugins that it uses in addition to those that specs list."""
        return self._extra

    def plugins(self, document: Document) -> Plugins:
        """The plugins that the document lists.

        Raises:
            SpecError: if it lists one that is not installed.
            PluginError: if one cannot be used.

        """
        plugins, _, problems = self._with_plugins(document)
        if problems:
            raise SpecError(problems, document.source.name)
        return plugins

    def reader(self, document: Document) -> Reader:
        """The reader for the document, with the plugins that it lists. Raises the same errors as `plugins`."""
        _, reader, problems = self._with_plugins(document)
        if problems:
            raise SpecError(problems, document.source.name)
        return reader

    def _with_plugins(self, document: Document) -> tuple[Plugins, Reader, list[Diagnostic]]:
        """The plugins that the document lists, a reader that uses them, and the problems of unusable plugins."""
        listed = document.table.get("plugins", [])
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise _refused(document, "This must be an array of the names of installed plugins.", "plugins")
        names = tuple(map(str, listed))
        if names not in self._known:
            self._known[names] = self._usable(names)
        plugins, reader, problems = self._known[names]
        return plugins, reader, [document.locate(problem) for problem in problems]

    def _usable(self, names: tuple[str, ...]) -> tuple[Plugins, Reader, list[Diagnostic]]:
        unusable: list[PluginError] = []
        plugins = Plugins(names, self._extra, unusable)
        places: dict[str, list[int]] = {}
        for index, name in enumerate(names):
            places.setdefault(name, []).append(index)
        problems = [
            Diagnostic(error.id, str(error), ("plugins", places[str(error.listed)].pop(0))) for error in unusable
        ]
        return plugins, Reader(plugins.catalog), problems

    def load(self, document: Document, *, with_data: bool = False) -> TrainingSpec:
        """The spec of a document.

        Args:
            document: the document.
            with_data: whether to check its data files too, as `check` does.

        Raises:
            SpecError: if the document has problems; it contains all of them.
            PluginError: if a plugin cannot be used.

        """
        sections, problems = self._checked(document) if with_data else self._read(document)
        if problems:
            raise SpecError(problems, document.source.name)
        return TrainingSpec(**sections)

    def check(self, document: Document) -> list[Diagnostic]:
        """All problems of a document that can be found without torch, in the order of the text.

        These include problems of the data files that show in their first bytes.

        Raises:
            PluginError: if a plugin cannot be used.

        """
        try:
            return self._checked(document)[1]
        except SpecError as error:
            return list(error.problems)

    def _read(self, document: Document) -> tuple[dict[str, Any], list[Diagnostic]]:
        """The valid sections of the spec, and all problems of the document."""
        _, reader, unusable = self._with_plugins(document)
        sections, problems = reader.sections(document)
        if not problems and sections["tune"] is not None:
            from hookline.check.space.checks import monitor_problems, problems_of_space
            from hookline.check.space.refit import problems_of_refit
            from hookline.check.space.stacking import stacking_problems

            def read(trial: Document) -> list[Diagnostic]:
                of_trial, found = reader.sections(trial)
                if not found and sections["tune"].vectorize > 1:
                    found = [document.locate(problem) for problem in stacking_problems(of_trial)]
                return found

            found = [*monitor_problems(document, sections), *problems_of_space(document, sections["tune"], read)]
            if not found and sections["tune"].refit:
                found = problems_of_refit(document, sections["tune"], {}, reader.sections)
            problems = in_order(found, document)
        return sections, _with_unusable(unusable, problems, document)

    def _checked(self, document: Document) -> tuple[dict[str, Any], list[Diagnostic]]:
        """The same, with the problems of the data files, and of the run in `[initialize_from]`."""
        sections, problems = self._checked_data(document)
        wanted = sections.get("initialize_from")
        if wanted is None:
            return sections, problems
        from hookline.runs.weights_of_run import weights_of_run  # Few specs need it.

        try:
            weights_of_run(wanted)
        except MismatchError as error:
            problems = in_order([*problems, document.locate(error.diagnostic)], document)
        return sections, problems

    def _checked_data(self, document: Document) -> tuple[dict[str, Any], list[Diagnostic]]:
        sections, problems = self._read(document)
        data, wrong = sections.get("data"), frozenset[str | int]()
        if data is None:
            part = self._with_plugins(document)[1].without_wrong_options(document, "data", problems)
            if part is None or part[0].reading_options is None or not part[1].isdisjoint(part[0].reading_options):
                return sections, problems
            data, wrong = part
        try:
            with attributed_to(type(data)):
                errors = list(data.check(objective_of(sections)))
        except PluginError as error:
            failed = document.locate(Diagnostic("plugin-failure", str(error), ("data",)))
            return sections, problems or [failed]
        if wrong:  # Other errors may be due to the options that are missing.
            errors = [error for error in errors if error.diagnostic.id in NAMES]
        found = [document.locate(_of_data(error, document)) for error in errors]
        return sections, in_order([*problems, *found], document) if found else problems


def _with_unusable(unusable: list[Diagnostic], problems: list[Diagnostic], document: Document) -> list[Diagnostic]:
    """The problems, without those of components that an unusable plugin may provide."""
    if not unusable:
        return problems
    unknown = [problem for problem in problems if problem.id == "unknown-type"]
    hidden = [problem.path[:-1] for problem in unknown]
    certain = [problem for problem in problems if not any(problem.path[: len(path)] == path for path in hidden)]
    if unknown:
        types = dict.fromkeys(_type_of(problem, document) for problem in unknown)
        listed = enumerate_names(list(types)[:MOST_LISTED])
        if len(types) > MOST_LISTED:
            listed = f"{listed}, and {counted(len(types) - MOST_LISTED, 'other')}"
        note = f"Unknown types are not reported, since this plugin may provide them: {listed}."
        unusable = [evolve(problem, help=f"{problem.help} {note}".lstrip()) for problem in unusable]
    return in_order([*unusable, *certain], document)


def _type_of(unknown: Diagnostic, document: Document) -> str:
    """The unknown type, or its section if the type may not be quoted."""
    if unknown.place is not None and not unknown.place.source.is_quotable:
        return str(unknown.path[0])
    *_, node = document.root.along(unknown.path)
    return str(node.value)


def _of_data(error: OptionError | MismatchError, document: Document) -> Diagnostic:
    if isinstance(error, MismatchError):
        return error.diagnostic
    found = error.diagnostic.within("data")
    if error.near is None:
        return found
    return evolve(found, help=f'Did you mean "{_as_written(error.near, found.path, document)}"?')


def _as_written(path: Path, option: Sequence[str | int], document: Document) -> str:
    """The path as the option would contain it: relative to where it is set, unless it is absolute."""
    *_, written = document.root.along(tuple(option))
    home = written.settings[-1].source.home if written.settings else document.directory
    is_absolute = isinstance(written.value, str) and Path(written.value).is_absolute()
    return str(path) if is_absolute else os.path.relpath(path, home)


def _refused(document: Document, message: str, *path: str | int) -> SpecError:
    return SpecError([document.locate(Diagnostic("wrong-type", message, path))], document.source.name)

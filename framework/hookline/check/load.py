"""From files to specs: with the plugins that each lists, and everything that can be checked without torch."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from hookline.check.reader import Reader, in_order
from hookline.check.toml import document as documents
from hookline.check.toml.document import Document
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import PluginError, SpecError
from hookline.errors.failures import blamed
from hookline.errors.option_errors import OptionError
from hookline.plugins.manager import Plugins
from hookline.spec.training import SEVERAL, TrainingSpec, objective_of


def load(
    source: str | Path | Mapping[str, Any],
    overrides: Iterable[str] = (),
    *,
    overlays: Iterable[str | Path] = (),
    plugins: Iterable[object] = (),
) -> TrainingSpec:
    """The spec in a TOML file, or in a table such as TOML has.

    Args:
        source: the path of the file, or the table.
        overrides: changes of single values, as `optimizer.lr=0.01`.
        overlays: further files, laid over the first one after another.
        plugins: modules or objects whose names the spec may use, beside the installed plugins that it lists.

    Raises:
        SpecError: with everything that is wrong with the spec.
        HooklineError: if a file cannot be read, or a plugin cannot be used.

    >>> import hookline
    >>> hookline.load("specs/iris.toml", ["optimizer.lr=0.5"]).optimizer.lr
    0.5

    """
    if isinstance(source, (str, Path)):
        document = documents.read(source, overlays, overrides, lists=SEVERAL)
    else:
        document = documents.from_table(source, overlays, overrides, lists=SEVERAL)
    return Loader(plugins).load(document)


class Loader:
    """Makes specs of documents. What it learns of plugins and their classes serves all of them."""

    def __init__(self, plugins: Iterable[object] = ()):
        """A loader with these modules or objects beside the plugins that specs list."""
        self._extra = tuple(plugins)
        self._known: dict[tuple[str, ...], tuple[Plugins, Reader, list[Diagnostic]]] = {}

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
        """What reads the document, with the plugins that it lists; raises what `plugins` does."""
        _, reader, problems = self._with_plugins(document)
        if problems:
            raise SpecError(problems, document.source.name)
        return reader

    def _with_plugins(self, document: Document) -> tuple[Plugins, Reader, list[Diagnostic]]:
        """The plugins that the document lists and what reads it with them, and what is wrong with those left out."""
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
        """The spec that a document says.

        Args:
            document: the document.
            with_data: whether to check the data files that it names too, as `check` does.

        Raises:
            SpecError: with everything that is wrong with it.
            PluginError: if a plugin cannot be used.

        """
        sections, problems = self._checked(document) if with_data else self._read(document)
        if problems:
            raise SpecError(problems, document.source.name)
        return TrainingSpec(**sections)

    def check(self, document: Document) -> list[Diagnostic]:
        """All problems of a document that can be found without torch, in the order of the text.

        These include what can be learned about the data files from their first bytes.

        Raises:
            PluginError: if a plugin cannot be used.

        """
        try:
            return self._checked(document)[1]
        except SpecError as error:
            return list(error.problems)

    def _read(self, document: Document) -> tuple[dict[str, Any], list[Diagnostic]]:
        """The sections of the spec that are right, and all problems of the document."""
        _, reader, unusable = self._with_plugins(document)
        sections, problems = reader.sections(document)
        return sections, _with_unusable(unusable, problems, document)

    def _checked(self, document: Document) -> tuple[dict[str, Any], list[Diagnostic]]:
        """The same, with the problems of the data files."""
        sections, problems = self._read(document)
        data = sections.get("data")
        if data is None:
            return sections, problems
        try:
            with blamed(type(data)):
                found = [document.locate(_of_data(error, document)) for error in data.check(objective_of(sections))]
        except PluginError as error:
            failed = document.locate(Diagnostic("plugin-failure", str(error), ("data",)))
            return sections, problems or [failed]
        return sections, in_order([*problems, *found], document) if found else problems


def _with_unusable(unusable: list[Diagnostic], problems: list[Diagnostic], document: Document) -> list[Diagnostic]:
    """The problems, without those of components that a plugin may bring which cannot be used."""
    if not unusable:
        return problems
    hidden = [problem.path[:-1] for problem in problems if problem.id == "unknown-type"]
    certain = [problem for problem in problems if not any(problem.path[: len(path)] == path for path in hidden)]
    return in_order([*unusable, *certain], document)


def _of_data(error: OptionError, document: Document) -> Diagnostic:
    found = error.diagnostic.within("data")
    if error.near is None:
        return found
    return evolve(found, help=f'Did you mean "{_as_written(error.near, found.path, document)}"?')


def _as_written(path: Path, option: Sequence[str | int], document: Document) -> str:
    """The path as it would be written where the option stands: relative to its file, if that in the option is."""
    *_, written = document.root.along(tuple(option))
    home = written.settings[-1].source.directory if written.settings else None
    is_absolute = isinstance(written.value, str) and Path(written.value).is_absolute()
    return str(path) if is_absolute else os.path.relpath(path, home or document.directory)


def _refused(document: Document, message: str, *path: str | int) -> SpecError:
    return SpecError([document.locate(Diagnostic("wrong-type", message, path))], document.source.name)

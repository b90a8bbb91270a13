"""Turn a document into a spec. cattrs creates attrs classes from tables, strictly, and all problems are found at once.

No value is converted, except that an integer is accepted for a float. Types are looked up in the catalog and nowhere
else.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import NOTHING, fields

from hookline.check.problems import INVALID, problems_in
from hookline.check.structure import strict_converter
from hookline.check.toml.document import Document
from hookline.check.toml.tree import Node
from hookline.check.unclear import MissingOption, Unclear, UnknownOption
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.option_errors import FaultError
from hookline.errors.suggestions import nearest
from hookline.errors.text import PathElement
from hookline.plugins.catalog import Catalog
from hookline.spec.conflicts.conflicts import conflicts
from hookline.spec.options import Spec
from hookline.spec.training import SEVERAL, TrainingSpec

EMPTY = "The file is empty."
"""The message for an empty file."""


class Reader:
    """Reads documents that may name the components of a catalog. It reuses its hooks for all documents."""

    def __init__(self, catalog: Catalog):
        self.catalog = catalog
        self._directory = Path()
        self._converter = strict_converter(catalog, lambda: self._directory)
        self._known: dict[str, tuple[Path, Node, Any]] = {}
        """The last valid section of each name, with what it was made of: the trials of a study share most of them."""

    def sections(self, document: Document) -> tuple[dict[str, Any], list[Diagnostic]]:
        """The valid sections of the spec, and all problems of the document in the order of the text."""
        if document.is_empty:
            return {}, [document.locate(Diagnostic("empty-file", EMPTY))]
        self._directory = document.directory
        self.catalog.begin_spec()
        known = {attribute.name: attribute for attribute in fields(TrainingSpec)}
        sections: dict[str, Any] = {}
        problems: list[Diagnostic | Unclear] = []
        given: set[str | None] = set()
        for key, value in document.table.items():
            name = key if key in known else self._meant(key, document, known)
            if key not in known:
                problems.append(UnknownOption(TrainingSpec, (key,)))
                if name is not None and name in document.table:
                    problems += self._problems_of_another(key, value, document.table[name], known[name].type)
                    continue
            given.add(name)
            # A table of changes by name is not a section; the document applies changes only for a correct key.
            if name is None or (name != key and name in SEVERAL and isinstance(value, dict)):
                continue
            try:
                sections[name] = self._section(document, key, name, value, known[name].type)
            except INVALID as error:
                problems += problems_in(error, known[name].type, (key,))
        for name, attribute in known.items():
            if name == "loss" and not given & {"loss", "losses"}:
                problems.append(MissingOption(TrainingSpec, (name,)))
            elif attribute.default is not NOTHING and name not in document.table:
                sections.setdefault(name, attribute.default)
            elif attribute.default is NOTHING and name not in document.table:
                problems.append(MissingOption(TrainingSpec, (name,)))
        strange = {problem.path[-1] for problem in problems if isinstance(problem, UnknownOption)}
        table = document.table
        complete = {name: value for name, value in sections.items() if not _lacks(value, table.get(name), strange)}
        errors = list(conflicts(complete))
        certain = [error for error in errors if not isinstance(error, FaultError)]
        problems += [error.diagnostic for error in (certain if problems or certain else errors)]
        located = [document.locate(problem) for problem in self._explained(problems, document)]
        return sections, in_order([*document.problems, *located], document)

    def _section(self, document: Document, key: str, name: str, value: Any, kind: Any) -> Any:
        directory, node = document.directory, document.root.value[key]
        before = self._known.get(name)
        if before is None or before[0] != directory or before[1] is not node:
            before = self._known[name] = directory, node, self._converter.structure(value, kind)
        return before[2]

    def _explained(self, problems: list[Diagnostic | Unclear], document: Document) -> list[Diagnostic]:
        """The diagnostics with suggestions. The code for them is imported only if there are problems."""
        if not problems:
            return []
        from hookline.check.unknown_options import with_suggestions

        return with_suggestions(problems, document.table, self.catalog)

    def without_wrong_options(
        self, document: Document, name: str, problems: Iterable[Diagnostic]
    ) -> tuple[Any, frozenset[PathElement]] | None:
        """An invalid section without the options that have problems, and the names of these options.

        `None` if there is no such section.
        """
        table = document.table.get(name)
        paths = [problem.path for problem in problems if problem.path[:1] == (name,)]
        wrong = frozenset(path[1] for path in paths if len(path) > 1)
        if not isinstance(table, dict) or "type" in wrong or any(len(path) == 1 for path in paths):
            return None
        rest = {key: value for key, value in table.items() if key not in wrong}
        [kind] = (attribute.type for attribute in fields(TrainingSpec) if attribute.name == name)
        try:
            return self._converter.structure(rest, kind), wrong
        except INVALID:
            return None

    @staticmethod
    def _meant(key: str, document: Document, known: Mapping[str, Any]) -> str | None:
        """The section that was probably meant by an unknown key, which is read as that section."""
        from hookline.check.translate import section_meant

        near = nearest(key, known) or section_meant(key, document.table[key])
        is_table = isinstance(document.table[key], (dict, list))
        return near if near is not None and (near not in document.table or is_table) else None

    def _problems_of_another(self, key: str, value: Any, section: Any, kind: Any) -> "list[Diagnostic | Unclear]":
        """The problems of the values in a table that was probably meant to change an existing section."""
        whole = value
        if isinstance(value, dict):
            if not isinstance(section, dict):
                return []
            is_the_same = value.get("type", section.get("type")) == section.get("type")
            whole = {**section, **value} if is_the_same else value
        try:
            self._converter.structure(whole, kind)
        except INVALID as error:
            problems = problems_in(error, kind, (key,))
            return [one for one in problems if isinstance(value, list) or (len(one.path) > 1 and one.path[1] in value)]
        return []


def _lacks(section: Any, table: Any, strange: Collection[PathElement]) -> bool:
    """Whether an option that the section lacks is set in a wrong place, so that its default is not what is meant."""
    if not isinstance(section, Spec) or not isinstance(table, dict):
        return False
    return any(option.name in strange and option.name not in table for option in fields(type(section)))


def in_order(problems: Iterable[Diagnostic], document: Document) -> list[Diagnostic]:
    """Sort problems by position: those in the text, in other files, in changes, and then the rest by section."""
    sections = {attribute.name: index for index, attribute in enumerate(fields(TrainingSpec))}

    def order(problem: Diagnostic) -> tuple[int, str, int, int]:
        section = sections.get(str(problem.path[0]), len(sections)) if problem.path else len(sections)
        if problem.place is None:
            return 3, "", 0, section
        source = problem.place.source
        rank = 0 if source is document.source else 1 if source.directory is not None else 2
        return rank, source.name, problem.place.start, section

    return sorted(problems, key=order)

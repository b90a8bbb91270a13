"""From TOML files to a document: plain tables in which each value knows where it was set.

A file may extend others, further files may be merged into it, and single values may be changed. A document knows
nothing about specs: `hookline.check.reader` turns it into one.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import frozen

from hookline.check.toml.files import file_source
from hookline.check.toml.merged_files import MergedFiles, home_of
from hookline.check.toml.quotable import homes
from hookline.check.toml.tree import Node, Table, plain, without_places
from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import HooklineError, SpecError, notes_of
from hookline.errors.source import Place, Source
from hookline.errors.text import PathElement, as_list


@frozen(slots=False)
class Document:
    """A spec as plain TOML values, before it is checked."""

    root: Node
    """The root table."""
    source: Source
    """The file that messages name."""
    directory: Path
    """The directory that relative paths in it start from."""
    problems: tuple[Diagnostic, ...] = ()
    """The problems that occurred while files were merged, such as a change of an element that does not exist."""
    is_empty: bool = False
    """Whether its file is empty and nothing is merged into it."""

    @cached_property
    def table(self) -> Table:
        """The root table as plain values. A string from a file in another directory is a `PathText`."""
        table: Table = plain(self.root, self.directory)
        return table

    def locate(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic with places for its paths."""
        if diagnostic.place is not None:
            return diagnostic
        # A section that is not given has no place: the start of the file would not be one.
        given = (path for path in diagnostic.related if path and self.root.child(path[0]) is not None)
        others = (self.place(path) for path in given)
        place = self.place(diagnostic.path, on_key=diagnostic.on_key)
        return diagnostic.placed(place, tuple(other for other in others if other is not None))

    def spec_error(self, error: HooklineError, *diagnostics: Diagnostic) -> SpecError:
        """The error as one that points at the places of its diagnostics, with its notes. Raise it from `error`.

        Pass `diagnostics` if those of the error itself have no paths in the spec.
        """
        pointing = SpecError([self.locate(one) for one in diagnostics or error.diagnostics], self.source.name)
        for note in notes_of(error):
            pointing.add_note(note)
        return pointing

    def place(self, path: Sequence[PathElement], *, on_key: bool = False) -> Place | None:
        """Where a value was set last, or its key; for a missing value, the table that it would be in.

        `None` if the document is not from a file.
        """
        nodes = list(self.root.along(tuple(path)))
        on_key = on_key and len(nodes) == len(path) + 1
        for node in reversed(nodes):
            if node.settings:
                return node.settings[-1].key if on_key else node.settings[-1].value
            on_key = False
        return Place(self.source, 0, 0) if self.source.directory is not None else None


def read(
    path: str | Path,
    overlays: Iterable[str | Path] = (),
    overrides: Iterable[str] = (),
    *,
    lists: Collection[str] = (),
) -> Document:
    """The document in a file, with the files that it extends, overlays, and changes of single values.

    Args:
        path: the file.
        overlays: further files, each merged into everything before it.
        overrides: changes of single values, such as `optimizer.lr=0.01`, made last, in this order.
        lists: the root keys that are arrays of tables. A file or a change can add an element by name, even if the
            document has none yet.

    Raises:
        HooklineError: if a file cannot be read.
        SpecError: if a file is not TOML, or extends itself, with the place.

    """
    source, overlays, overrides = file_source(path), as_list(overlays), as_list(overrides)
    is_empty = not (source.text.strip() or overlays or overrides)
    files = MergedFiles(lists, homes(path))
    root = files.changed(files.tree(source), overlays, overrides)
    # The run of a file that names none is named after the file. The document keeps the name, and so does the run.
    run = root.value.setdefault("run", Node({}))
    if isinstance(run.value, dict):
        run.value.setdefault("name", Node(run_name(Path(path).stem)))
    return Document(root, source, home_of(source), tuple(files.problems), is_empty=is_empty)


def from_source(source: Source, *, lists: Collection[str] = ()) -> Document:
    """The document in a text, with the files that it extends. Raises the same errors as `read`."""
    files = MergedFiles(lists, (*homes("."), str(home_of(source))))
    return Document(files.tree(source), source, home_of(source), tuple(files.problems))


def from_table(
    table: Mapping[str, Any],
    overlays: Iterable[str | Path] = (),
    overrides: Iterable[str] = (),
    *,
    lists: Collection[str] = (),
) -> Document:
    """A document from Python, with paths relative to the current directory; the other arguments are those of `read`."""
    files = MergedFiles(lists, homes("."))
    root = files.changed(without_places(dict(table)), as_list(overlays), as_list(overrides))
    return Document(root, Source("spec", ""), Path.cwd(), tuple(files.problems))


def run_name(stem: str) -> str:
    """The name of a run whose spec names none, from the name of the file without suffix: a plain directory name.

    >>> run_name("iris"), run_name("fleurs d'été")
    ('iris', 'fleurs_d__t_')
    """
    name = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-.") else "_" for letter in stem)
    return name.lstrip("-.") or "run"

"""`hookline.load`: from a file to a spec, with the plugins that the spec lists."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hookline import documents
from hookline.documents import Document
from hookline.errors import Problem, SpecError
from hookline.plugins import Plugins
from hookline.reading import structure
from hookline.training_spec import TrainingSpec


def load(
    source: str | Path | Mapping[str, Any], overrides: Iterable[str] = (), *, plugins: Iterable[object] = ()
) -> TrainingSpec:
    """The spec in a TOML file, or in a table such as TOML has.

    Args:
        source: the path of the file, or the table.
        overrides: changes of single values, as `optimizer.lr=0.01`.
        plugins: modules or objects whose names the spec may use, beside the installed plugins that it lists.

    Raises:
        SpecError: with everything that is wrong with the spec.
        HooklineError: if the file cannot be read, or a plugin cannot be used.

    >>> import hookline
    >>> hookline.load("specs/iris.toml", ["optimizer.lr=0.5"]).optimizer.lr
    0.5

    """
    document = documents.read(source) if isinstance(source, (str, Path)) else documents.from_table(source)
    documents.override(document, overrides)
    return structure(document, Plugins(_listed(document), plugins).catalog)


def _listed(document: Document) -> list[str]:
    """The plugins that the document lists, which must be known before the rest of it can be read."""
    listed = document.table.get("plugins", [])
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        problem = Problem("This must be an array of the names of installed plugins.", ("plugins",))
        raise SpecError([problem], document.source)
    return listed

"""The kit finds the mistakes of a kind of column."""

import sys
import types

import pytest

from hookline.testing.conformity import cases
from hookline.testing.outcomes import NotApplicable, NotConforming

SOURCE = '''
"""Ranks."""

from hookline import hookimpl
from hookline.data import RowField
from hookline.spec import ColumnSpec, spec


@hookimpl
def register_specs():
    """The kind."""
    return [Rank]


@spec
class Rank(ColumnSpec):
    """How many different numbers of the training rows are smaller."""

    def fit(self, cells):
        """The numbers."""
        return {"known": sorted(set(cells.to_pylist()))}

    def transform(self, cells, fitted):
        """The ranks."""
        import numpy
        import pyarrow

        return pyarrow.array(numpy.searchsorted(fitted["known"], cells.to_numpy()).astype("float64"))
'''


def failures(source, tmp_path, monkeypatch):
    (tmp_path / "ranks.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    module = types.ModuleType("ranks")
    module.__file__ = str(tmp_path / "ranks.py")
    monkeypatch.setitem(sys.modules, "ranks", module)
    exec(compile(source, module.__file__, "exec"), module.__dict__)  # noqa: S102 - It is the source above.
    found = {}
    for case in cases(module):
        if not case.name.endswith(("-result", "-stored", "-rows_alone", "-missing", "-parts", "-example")):
            continue
        try:
            case()
        except NotConforming as error:
            found[case.name.partition("-")[2]] = str(error)
        except NotApplicable:
            pass
    return found


def test_a_correct_kind_passes(tmp_path, monkeypatch):
    assert failures(SOURCE, tmp_path, monkeypatch) == {}


@pytest.mark.parametrize(
    ("old", "new", "check", "message"),
    [
        ('.astype("float64")', "", "result", "the type must be float64 or uint8"),
        ("cells.to_numpy())", "cells.to_numpy()[1:])", "result", "returns 23 cells for 24"),
        (".astype(", "[:, None].repeat(2, 1).reshape(-1)[: len(cells)].astype(", "rows_alone", "alone, but to"),
        ("sorted(set(cells.to_pylist()))", "cells.unique().sort().to_numpy()", "stored", "JSON-compatible values"),
        ("    def fit", "    takes_missing = True\n\n    def fit", "missing", "must not return missing cells"),
        ("    def fit", "    gives_indices = True\n\n    def fit", "result", "must be int64, since it gives indices"),
        (
            "    def fit",
            '    def names(self, column, fitted):\n        return ("a", "b")\n\n    def fit',
            "result",
            "1 diff",
        ),
        (
            "    def fit",
            "    def partial_fit(self, most=9):\n        return ColumnSpec.partial_fit(self, 1)\n\n    def fit",
            "parts",
            "`partial_fit` must learn what `fit` learns",
        ),
        (
            "    def fit",
            "    def row_field(self, column, fitted):\n"
            "        return RowField(name=column, cell='number', example=float('nan'))\n\n    def fit",
            "example",
            "must be a value of JSON",
        ),
        ("    def fit", "    def cardinality(self, fitted):\n        return 3\n\n    def fit", "result", "only if, it"),
    ],
)
def test_a_kind_with_a_mistake_fails(old, new, check, message, tmp_path, monkeypatch):
    assert old in SOURCE
    source = SOURCE.replace(old, new)
    if check == "missing":
        source = source.replace(
            "pyarrow.array(numpy", "pyarrow.array(cells) if cells.null_count else pyarrow.array(numpy"
        )
        source = source.replace("set(cells.to_pylist())", "set(cells.drop_null().to_pylist())")
    found = failures(source, tmp_path, monkeypatch)
    assert check in found, found
    assert message in found[check]

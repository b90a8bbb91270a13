import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
import tomli

import hookline
from hookline import dumps, hookimpl
from hookline.spec import LossSpec, RunSpec, WrapperSpec, option, plain, spec, to_json

SPECS = sorted((Path(__file__).parents[3] / "specs").glob("*.toml"))


@spec
class Inner(LossSpec):
    """A component within a component."""

    weight: float = 1.0
    """A number."""


@spec
class Everything(WrapperSpec):
    """A component with an option of each kind."""

    flag: bool = True
    """True or false."""
    rate: float = 1e-3
    """A number."""
    norm: float = option(default=2.0, infinite=True)
    """A number that may be infinite."""
    big: int = 10
    """An integer."""
    text: str = 'a "quoted"\\ line\nand another, größer'
    """A string."""
    path: Path | None = None
    """A path."""
    mode: Literal["a", "b"] = "a"
    """One of two."""
    sizes: int | tuple[int, int] = (1, 2)
    """Numbers."""
    inner: LossSpec = Inner()
    """A component."""
    inners: tuple[LossSpec, ...] = option(default=(Inner(weight=0.5), Inner(weight=1.5)))
    """Components."""
    named: Mapping[str, LossSpec] = {"two words": Inner(weight=0.5)}
    """Components by name."""
    paths: Mapping[str, Path] = {}
    """Paths by name."""


class Plugin:
    @hookimpl
    def register_specs(self):
        return (Inner, Everything)


def loaded(*callbacks):
    table = {
        "data": {"type": "Random", "features": 2, "targets": [0, 1]},
        "model": {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 1}]},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
        "callbacks": list(callbacks),
    }
    return hookline.load(table, plugins=[Plugin()])


def read_back(made, directory):
    (directory / "spec.toml").write_text(dumps(made, directory), encoding="utf-8")
    return hookline.load(directory / "spec.toml", plugins=[Plugin()])


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_example_is_equal_after_writing_and_reading(tmp_path, path):
    made = hookline.load(path)
    assert read_back(made, tmp_path) == made


def test_there_are_examples():
    assert len(SPECS) >= 5


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"flag": False},
        {"rate": 0.1 + 0.2},
        {"norm": float("inf")},
        {"rate": -1e300},
        {"big": 2**63 - 1},
        {"text": ""},
        {"text": "\t\u0000'''\"\"\""},
        {"path": "data/x.csv"},
        {"sizes": 3},
        {"inner": {"type": "L1Loss"}, "inners": []},
        {"named": {}},
        {"named": {"b": {"type": "Inner"}, "a.b": {"type": "L1Loss"}, "": {"type": "Inner", "weight": 2}}},
        {"paths": {"type": "data/x.csv", "y": "/data/y.csv"}},
    ],
)
def test_a_spec_is_equal_after_writing_and_reading(tmp_path, options):
    made = loaded({"type": "Everything", **options})
    assert read_back(made, tmp_path) == made


def test_the_written_spec_is_complete(tmp_path):
    written = tomli.loads(dumps(loaded({"type": "Everything"}), tmp_path))
    assert written["run"] == {
        "name": "run",
        "seed": 0,
        "epochs": 10,
        "accumulate": 1,
        "trace": "auto",
        "evaluate_training": True,
        "keep_examples": True,
        "device": "auto",
        "dtype": "float32",
    }
    assert written["plugins"] == written["metrics"] == written["deploy"] == []
    assert written["callbacks"] == [
        {
            "type": "Everything",
            "flag": True,
            "rate": 0.001,
            "norm": 2.0,
            "big": 10,
            "text": 'a "quoted"\\ line\nand another, größer',
            "mode": "a",
            "sizes": [1, 2],
            "inner": {"type": "Inner", "factor": 1.0, "weight": 1.0},
            "inners": [{"type": "Inner", "factor": 1.0, "weight": weight} for weight in (0.5, 1.5)],
            "named": {"two words": {"type": "Inner", "factor": 1.0, "weight": 0.5}},
            "paths": {},
        }
    ]


@pytest.mark.parametrize(
    ("path", "directory", "text"),
    [
        ("/a/b/x.csv", "/a/b", "x.csv"),
        ("/a/b/x.csv", "/a/b/runs/x/1", "../../../x.csv"),
        ("/a/x.csv", "/c", "../a/x.csv"),
    ],
)
def test_a_path_is_written_relative_to_the_directory(path, directory, text):
    assert plain(Path(path), Path(directory)) == text


def test_a_spec_within_another_is_a_table_with_its_type():
    assert plain(Everything(inner=Inner(weight=2.0)), Path())["inner"] == {
        "type": "Inner",
        "factor": 1.0,
        "weight": 2.0,
    }


def test_a_section_without_a_family_has_no_type():
    assert plain(RunSpec(), Path()) == {
        "name": "run",
        "seed": 0,
        "epochs": 10,
        "accumulate": 1,
        "trace": "auto",
        "evaluate_training": True,
        "keep_examples": True,
        "device": "auto",
        "dtype": "float32",
    }


@pytest.mark.parametrize(
    ("value", "made"),
    [((1, (2, 3)), [1, [2, 3]]), ({"a": (1,), "b": None}, {"a": [1], "b": None}), ("x", "x"), (True, True)],
)
def test_plain_values_are_values_of_toml(value, made):
    assert plain(value, Path()) == made


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": 1, "b": [1.5, True, None]}, '{"a": 1, "b": [1.5, true, null]}'),
        ({"a": math.nan, "b": (math.inf, {"c": -math.inf})}, '{"a": null, "b": [null, {"c": null}]}'),
        ("größer\n", '"größer\\n"'),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-45, "1e-45"),
    ],
)
def test_json_has_exact_numbers_and_null_for_those_that_are_not_finite(value, text):
    assert to_json(value) == text


def test_json_can_be_indented():
    assert to_json({"a": [1]}, indent=2) == json.dumps({"a": [1]}, indent=2)

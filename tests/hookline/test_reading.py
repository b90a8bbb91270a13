from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

import hookline
from hookline import LossSpec, OptionError, Problem, SpecError, WrapperSpec, hookimpl, option, spec


@spec
class Inner(LossSpec):
    """A component within a component."""

    weight: float = option(default=1.0, minimum=0, maximum=1)
    """A number."""


@spec
class Kinds(WrapperSpec):
    """A component with an option of each kind."""

    flag: bool = False
    """True or false."""
    count: int = option(default=1, minimum=1)
    """An integer."""
    rate: float = option(default=0.5, above=0)
    """A number."""
    norm: float = option(default=2.0, infinite=True)
    """A number that may be infinite."""
    text: str = ""
    """A string."""
    path: Path | None = None
    """A path."""
    maybe: int | None = None
    """An integer, or not."""
    mode: Literal["minimum", "maximum"] = "minimum"
    """One of two."""
    padding: int | tuple[int, int] | Literal["same"] = option(default=0, minimum=0)
    """One of three kinds."""
    fraction: float | Path = option(default=0.0, minimum=0, below=1)
    """A fraction or a file."""
    names: str | tuple[str, ...] = "*"
    """One string or several."""
    pair: tuple[int, float] = (1, 1.0)
    """Two numbers."""
    inner: LossSpec = Inner()
    """A component."""
    inners: tuple[LossSpec, ...] = ()
    """Components."""
    named: Mapping[str, LossSpec] = {}
    """Components by name."""
    weights: Mapping[str, float] = option(default={}, minimum=0)
    """Numbers by name."""
    either: str | Mapping[str, int] = ""
    """A string, or integers by name."""
    groups: str | tuple[str, ...] | Mapping[str, str | tuple[str, ...]] | None = None
    """One string or several, or such by name."""
    sizes: bool | tuple[int, ...] | Mapping[str, bool | tuple[int, ...]] = option(default=(), minimum=1)
    """Integers, or such by name."""
    mode_of: Literal["minimum", "maximum"] | Mapping[str, Literal["minimum", "maximum"]] = "minimum"
    """One of two, for all or by name."""

    def __attrs_post_init__(self) -> None:
        if self.text == "wrong":
            raise OptionError("text", "This text is wrong.")
        if self.text == "worse":
            raise OptionError("pair", "This text does not go with the second one.", 1)


@spec
class Needy(WrapperSpec):
    """A component with options that must be given."""

    epochs: int
    """An integer."""
    files: tuple[Path, ...]
    """Some files."""
    mode: Literal["a", "b"] | None
    """One of two."""


class Plugin:
    @hookimpl
    def register_specs(self):
        return (Inner, Kinds, Needy)


def table(**changes):
    return {
        "data": {"type": "Random", "features": 2, "targets": [0, 1]},
        "model": {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 1}]},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
        **changes,
    }


def loaded(callback):
    [made] = hookline.load(table(callbacks=[callback]), plugins=[Plugin()]).callbacks
    return made


def problems_of(read):
    with pytest.raises(SpecError) as error:
        hookline.load(read, plugins=[Plugin()])
    assert {line.split(": ")[0] for line in str(error.value).splitlines()} == {"spec"}
    return [str(problem) for problem in error.value.problems]


def problems(**options):
    told = problems_of(table(callbacks=[{"type": "Kinds", **options}]))
    assert all(problem.startswith("callbacks[0].") for problem in told)
    return [problem.removeprefix("callbacks[0].") for problem in told]


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ({}, Kinds()),
        ({"flag": True}, Kinds(flag=True)),
        ({"count": 3}, Kinds(count=3)),
        ({"rate": 0.25}, Kinds(rate=0.25)),
        ({"rate": 2}, Kinds(rate=2.0)),
        ({"norm": float("inf")}, Kinds(norm=float("inf"))),
        ({"text": "3"}, Kinds(text="3")),
        ({"maybe": 0}, Kinds(maybe=0)),
        ({"mode": "maximum"}, Kinds(mode="maximum")),
        ({"padding": 2}, Kinds(padding=2)),
        ({"padding": [1, 2]}, Kinds(padding=(1, 2))),
        ({"padding": "same"}, Kinds(padding="same")),
        ({"fraction": 0.5}, Kinds(fraction=0.5)),
        ({"fraction": 0}, Kinds(fraction=0.0)),
        ({"names": "x"}, Kinds(names="x")),
        ({"names": ["x", "y"]}, Kinds(names=("x", "y"))),
        ({"names": []}, Kinds(names=())),
        ({"pair": [3, 4]}, Kinds(pair=(3, 4.0))),
        ({"inner": {"type": "Inner", "weight": 0}}, Kinds(inner=Inner(weight=0.0))),
        ({"inners": [{"type": "Inner"}, {"type": "L1Loss"}]}, None),
        ({"named": {"a": {"type": "Inner", "weight": 0}}}, Kinds(named={"a": Inner(weight=0.0)})),
        ({"named": {}}, Kinds()),
        ({"weights": {"a": 1, "type": 0.5, "two words": 2}}, Kinds(weights={"a": 1.0, "type": 0.5, "two words": 2.0})),
        ({"either": "x"}, Kinds(either="x")),
        ({"either": {"x": 1}}, Kinds(either={"x": 1})),
        ({"groups": "a*"}, Kinds(groups="a*")),
        ({"groups": ["a", "b"]}, Kinds(groups=("a", "b"))),
        ({"groups": {"x": "a*", "y": ["b", "c"], "z": []}}, Kinds(groups={"x": "a*", "y": ("b", "c"), "z": ()})),
        ({"groups": {}}, Kinds(groups={})),
        ({"sizes": {"x": [1, 2], "y": True}}, Kinds(sizes={"x": (1, 2), "y": True})),
        ({"mode_of": "maximum"}, Kinds(mode_of="maximum")),
        ({"mode_of": {"x": "maximum"}}, Kinds(mode_of={"x": "maximum"})),
    ],
)
def test_what_fits_is_read_as_it_stands(options, made):
    read = loaded({"type": "Kinds", **options})
    if made is None:
        assert [type(inner).__name__ for inner in read.inners] == ["Inner", "L1Loss"]
    else:
        assert read == made


def test_an_integer_for_a_number_becomes_a_float():
    read = loaded({"type": "Kinds", "rate": 2, "pair": [1, 2], "fraction": 0, "weights": {"a": 2}})
    numbers = (read.rate, *read.pair, read.fraction, read.weights["a"])
    assert [type(number) for number in numbers] == [float, int, float, float, float]


def test_values_by_name_stand_in_the_order_of_the_spec():
    assert list(loaded({"type": "Kinds", "weights": {"b": 1, "a": 2, "c": 3}}).weights) == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("given", "read"),
    [("x.csv", "x.csv"), ("../x.csv", "../x.csv"), ("./a/../x.csv", "x.csv"), ("/data/x.csv", "/data/x.csv")],
)
@pytest.mark.parametrize("name", ["path", "fraction"])
def test_a_path_is_relative_to_the_directory_of_the_spec(tmp_path, monkeypatch, given, read, name):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    expected = {"x.csv": tmp_path / "here" / "x.csv", "../x.csv": tmp_path / "x.csv"}.get(read, Path(read))
    assert getattr(loaded({"type": "Kinds", name: given}), name) == expected


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("flag", 1, "This must be true or false, and it is the number 1."),
        ("flag", "true", 'This must be true or false, and it is the string "true".'),
        ("count", True, "This must be an integer, and it is true."),
        ("count", 1.0, "This must be an integer, and it is the number 1.0."),
        ("count", "1", 'This must be an integer, and it is the string "1".'),
        ("rate", "0.1", 'This must be a number, and it is the string "0.1".'),
        ("rate", False, "This must be a number, and it is false."),
        ("rate", [0.1], "This must be a number, and it is an array of one element."),
        ("text", 3, "This must be a string, and it is the number 3."),
        ("path", 3, "This must be a string with the path of a file, and it is the number 3."),
        ("maybe", "x", 'This must be an integer, and it is the string "x".'),
        ("mode", "average", 'This must be "minimum" or "maximum", and it is the string "average".'),
        (
            "mode",
            "Minimun",
            'This must be "minimum" or "maximum", and it is the string "Minimun". Did you mean "minimum"?',
        ),
        ("mode", 3, 'This must be "minimum" or "maximum", and it is the number 3.'),
        (
            "padding",
            [1, 2, 3],
            'This must be an integer or "same" or an array of 2 integers, and it is an array of 3 elements.',
        ),
        (
            "padding",
            "sane",
            'This must be an integer or "same" or an array of 2 integers, and it is the string "sane".',
        ),
        ("fraction", True, "This must be a number or a string with the path of a file, and it is true."),
        ("names", 3, "This must be a string or an array of strings, and it is the number 3."),
        ("inner", "L1Loss", 'This must be a table with a `type`, and it is the string "L1Loss".'),
        ("inner", {"weight": 1}, "The `type` is missing, which says what loss it is."),
        (
            "inners",
            {"type": "Inner"},
            "This must be an array of losses (tables with a `type`), and it is a table. "
            "The header of each has two brackets: [[callbacks.inners]].",
        ),
        ("named", [], "This must be a table of losses (tables with a `type`), and it is an array of 0 elements."),
        ("weights", 1, "This must be a table of numbers, and it is the number 1."),
        (
            "either",
            1,
            "This must be a string or a table of integers, and it is the number 1.",
        ),
        (
            "groups",
            3,
            "This must be a string or an array of strings, or a table of elements, each "
            "a string or an array of strings, and it is the number 3.",
        ),
        (
            "mode_of",
            "minimun",
            'This must be "minimum" or "maximum" or a table of elements, each "minimum" or "maximum", and it is '
            'the string "minimun".',
        ),
        ("count", 0, "0 is out of bounds: it must be at least 1."),
        ("rate", 0, "0 is out of bounds: it must be greater than 0."),
        ("rate", float("nan"), "This must be a finite number, and it is nan."),
        ("fraction", 1, "1 is out of bounds: it must be at least 0 and less than 1."),
        ("text", "wrong", "This text is wrong."),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_what_is_allowed(option, value, message):
    assert problems(**{option: value}) == [f"{option}: {message}"]


@pytest.mark.parametrize(
    ("option", "value", "place", "message"),
    [
        ("weights", {"a": 1, "b": -1}, "weights.b", "-1 is out of bounds: it must be at least 0."),
        ("sizes", {"x": [1, 0]}, "sizes.x[1]", "0 is out of bounds: it must be at least 1."),
        ("padding", [1, -1], "padding[1]", "-1 is out of bounds: it must be at least 0."),
    ],
)
def test_an_element_that_is_out_of_bounds_is_told_at_its_own_place(option, value, place, message):
    assert problems(**{option: value}) == [f"{place}: {message}"]


def test_an_integer_that_is_too_large_for_a_float_is_told_in_a_sentence():
    [told] = problems(rate=10**400)
    assert told.startswith("rate: ")
    assert told.endswith(".")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"names": ["x", 3]},
            "names[1]: This must be a string, and it is the number 3.",
        ),
        ({"pair": [1.5, 1]}, "pair[0]: This must be an integer, and it is the number 1.5."),
        ({"text": "worse"}, "pair[1]: This text does not go with the second one."),
        (
            {"inner": {"type": "Inner", "weight": 2}},
            "inner.weight: 2 is out of bounds: it must be at least 0 and at most 1.",
        ),
        (
            {"inner": {"type": "Inner", "wieght": 1}},
            'inner.wieght: Inner has no option "wieght". Did you mean "weight"?',
        ),
        ({"inner": {"type": "Iner"}}, 'inner.type: There is no loss called "Iner". Did you mean "Inner"?'),
        ({"inner": {"type": 3}}, "inner.type: This must be a string, and it is the number 3."),
        (
            {"inners": [{"type": "Inner"}, {"type": "Kinds"}]},
            'inners[1].type: There is no loss called "Kinds". Kinds belongs to the family "callback".',
        ),
        ({"inners": [{"type": "Inner"}, 3]}, "inners[1]: This must be a table with a `type`, and it is the number 3."),
        ({"weights": {"a": 1, "b": "x"}}, 'weights.b: This must be a number, and it is the string "x".'),
        ({"weights": {"two words": True}}, 'weights."two words": This must be a number, and it is true.'),
        ({"either": {"x": 0.5}}, "either.x: This must be an integer, and it is the number 0.5."),
        (
            {"groups": {"x": "a", "y": 3}},
            "groups.y: This must be a string or an array of strings, and it is the number 3.",
        ),
        ({"groups": {"x": ["a", 3]}}, "groups.x[1]: This must be a string, and it is the number 3."),
        ({"groups": ["a", 3]}, "groups[1]: This must be a string, and it is the number 3."),
        (
            {"groups": {"x": {"y": "a"}}},
            "groups.x: This must be a string or an array of strings, and it is a table.",
        ),
        (
            {"mode_of": {"x": "maximun"}},
            'mode_of.x: This must be "minimum" or "maximum", and it is the string "maximun". Did you mean "maximum"?',
        ),
        ({"named": {"a": 3}}, "named.a: This must be a table with a `type`, and it is the number 3."),
        ({"named": {"a": {"type": "Iner"}}}, 'named.a.type: There is no loss called "Iner". Did you mean "Inner"?'),
        (
            {"named": {"a": {"type": "Inner"}, "b": {"type": "Inner", "weight": 2}}},
            "named.b.weight: 2 is out of bounds: it must be at least 0 and at most 1.",
        ),
        (
            {"named": {"a": {"type": "Inner", "wieght": 1}}},
            'named.a.wieght: Inner has no option "wieght". Did you mean "weight"?',
        ),
    ],
)
def test_a_problem_is_told_where_it_is(options, problem):
    assert problems(**options) == [problem]


def test_an_option_of_a_component_that_does_not_exist_is_told_with_the_nearest_one():
    assert problems(cuont=3, xyz=1) == [
        'cuont: Kinds has no option "cuont". Did you mean "count"?',
        'xyz: Kinds has no option "xyz". Known are "count", "either", "flag", "fraction", "groups", "inner", "inners", '
        '"maybe", "mode", "mode_of", "named", "names", "norm", "padding", "pair", "path", "rate", "sizes", '
        '"text" and "weights".',
    ]


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("optimiser", 'optimiser: There is no key "optimiser". Did you mean "optimizer"?'),
        ("two words", '"two words": There is no key "two words".'),
    ],
)
def test_an_unknown_section_is_told_with_the_nearest_one(section, problem):
    [told] = problems_of(table(**{section: {}}))
    assert told.startswith(problem)


def test_what_is_missing_is_told_with_what_it_must_be():
    assert problems_of(table(callbacks=[{"type": "Needy"}])) == [
        "callbacks[0].epochs: This is missing. It must be an integer.",
        "callbacks[0].files: This is missing. It must be an array of paths.",
        'callbacks[0].mode: This is missing. It must be "a" or "b".',
    ]


def test_all_problems_of_values_by_name_are_told_at_once():
    assert problems(weights={"a": "x", "b": 1, "c": True}, named={"d": 1, "e": {"type": "Inner", "weight": 2}}) == [
        "named.d: This must be a table with a `type`, and it is the number 1.",
        "named.e.weight: 2 is out of bounds: it must be at least 0 and at most 1.",
        'weights.a: This must be a number, and it is the string "x".',
        "weights.c: This must be a number, and it is true.",
    ]


def test_all_problems_are_told_at_once():
    read = table(
        run={"epochs": 0, "sed": 1, "name": "../x"},
        model={"type": "Sequential", "layers": [{"type": "Linear", "out_features": 0, "bias": 1}, {"type": "Relu"}]},
        optimizer={"type": "SGD", "lr": "x", "momentum": -1},
        callbacks=[{"type": "Kinds", "count": 0}, {"type": "Needy", "epochs": 1.5, "mode": "c"}],
        modle={},
    )
    del read["loss"]
    assert sorted(problems_of(read)) == sorted(
        [
            "run.epochs: 0 is out of bounds: it must be at least 1.",
            'run.sed: There is no key "sed". Did you mean "seed"?',
            'run.name: "../x" is not a plain name: letters, digits, "_", "-" and "." are allowed.',
            "model.layers[0].out_features: 0 is out of bounds: it must be at least 1.",
            "model.layers[0].bias: This must be true or false, and it is the number 1.",
            'model.layers[1].type: There is no layer called "Relu". Did you mean "ReLU"?',
            "loss: This is missing. It must be a loss (a table with a `type`).",
            'optimizer.lr: This must be a number, and it is the string "x".',
            "optimizer.momentum: -1 is out of bounds: it must be at least 0.",
            "callbacks[0].count: 0 is out of bounds: it must be at least 1.",
            "callbacks[1].epochs: This must be an integer, and it is the number 1.5.",
            "callbacks[1].files: This is missing. It must be an array of paths.",
            'callbacks[1].mode: This must be "a" or "b", and it is the string "c".',
            'modle: There is no key "modle". Did you mean "model"?',
        ]
    )


def test_problems_come_in_the_order_of_the_sections():
    read = table(run={"epochs": 0}, data={"type": "X"}, model=3, loss=3, optimizer=3, metrics=3, callbacks=3, deploy=3)
    sections = ["run", "data", "model", "loss", "optimizer", "metrics", "callbacks", "deploy"]
    assert [problem.partition(":")[0].partition(".")[0] for problem in problems_of(read)] == sections


def test_an_unknown_key_is_a_problem_of_the_key_and_others_are_not():
    with pytest.raises(SpecError) as error:
        hookline.load(table(run={"epochs": 0, "sed": 1}))
    assert error.value.problems == (
        Problem("0 is out of bounds: it must be at least 1.", ("run", "epochs")),
        Problem('There is no key "sed". Did you mean "seed"?', ("run", "sed"), on_key=True),
    )


@pytest.mark.parametrize("name", ["hookline_models.linear.Linear", "torch.nn.Linear", "os.system", ""])
def test_a_type_is_looked_up_in_the_catalog_and_nowhere_else(name):
    [told] = problems_of(table(model={"type": name}))
    assert told.startswith(f'model.type: There is no model called "{name}".')


@pytest.mark.parametrize("key", ["__class__", "_target_", "family", "build", "follows"])
def test_a_key_that_is_no_option_is_refused_though_the_class_has_such_an_attribute(key):
    [told] = problems_of(table(model={"type": "Linear", "out_features": 1, key: 1}))
    assert told.startswith(f'model.{key}: Linear has no option "{key}".')

"""What is said of components from their classes, and that those of all built-in plugins say enough."""

import subprocess
import sys
from typing import Literal

import pytest

from hookline.cli.main import main
from hookline.cli.specs import show
from hookline.plugins.manager import Plugins
from hookline.spec import LayerSpec, LossSpec, OptimizerSpec, option, spec
from hookline.spec.docs import documentation, summary

CATALOG = Plugins().catalog
KINDS = [pytest.param(kind, id=f"{kind.family} {kind.__name__}") for kind in CATALOG]


@spec
class Base(LossSpec):
    """A base."""

    weight: float | None = option(default=None, minimum=0, below=1)
    """How much it counts;
    left out, as much as the others."""
    kind: Literal["a", "b"] = "a"
    """A choice that is said again below."""


@spec
class Focal(Base):
    """A loss with a summary
    of two lines.

    And more text,
    in two lines.
    """

    kind: Literal["a", "b"] = "b"
    """A choice."""
    sizes: tuple[int, int] = option(above=0)
    """Two sizes."""
    undocumented: tuple[LayerSpec, ...] = ()


def test_a_component_is_described_by_its_class():
    known = documentation(Focal)
    assert (known.name, known.family) == ("Focal", "loss")
    assert known.summary == "A loss with a summary of two lines."
    assert summary(Focal) == known.summary
    assert [one.name for one in known.options[-3:]] == ["target", "output", "factor"]
    assert known.text == "And more text,\nin two lines."
    assert [(o.name, o.kind, o.bounds, o.is_required, o.default, o.description) for o in known.options[:-3]] == [
        ("sizes", "an array of 2 integers", "greater than 0", True, None, "Two sizes."),
        ("kind", '"a" or "b"', "", False, "b", "A choice."),
        ("undocumented", "an array of layers (tables with a `type`)", "", False, [], ""),
        (
            "weight",
            "a number",
            "at least 0 and less than 1",
            False,
            None,
            "How much it counts; left out, as much as the others.",
        ),
    ]


def test_a_class_without_source_code_has_no_descriptions():
    scope = {"spec": spec, "OptimizerSpec": OptimizerSpec}
    exec('@spec\nclass Typed(OptimizerSpec):\n    """It."""\n    lr: float = 1.0\n    """The rate."""', scope)  # noqa: S102
    options = {known.name: known.description for known in documentation(scope["Typed"]).options}
    assert options["lr"] == ""
    assert options["groups"] != ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_component_and_option_is_described(kind):
    known = documentation(kind)
    assert known.summary[-1] in ".:"
    for described in known.options:
        assert described.description.endswith((".", ".)")), described.name
        assert described.kind
    assert show.lines(kind, 80)


@pytest.fixture
def hookline(capsys):
    """Run a command; return its exit code, its output and its messages."""

    def hookline(*arguments):
        code = main(arguments)
        reported = capsys.readouterr()
        return code, reported.out, reported.err

    return hookline


def test_show_prints_the_whole_documentation_of_a_component(hookline, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    code, shown, _ = hookline("show", "layer", "Conv1d")
    assert code == 0
    assert shown.startswith(
        "Conv1d, a layer\n\n"
        "  A convolution over one dimension: `(N, in_channels, length)` to `(N, out_channels, length')`.\n\n"
        "  Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html\n\n"
        "Options\n\n"
        "  kernel_size: an integer, at least 1, required\n"
        "      The length of the kernel.\n\n"
    )
    assert "\n  out_channels: an integer, at least 1, optional\n" in shown
    assert "\n  stride = 1: an integer, at least 1\n      The stride of the kernel.\n" in shown
    assert shown.endswith(
        'In a spec\n\n  { type = "Conv1d", out_channels = 1, kernel_size = 1 }\n\n'
        "In a script\n\n  `hookline eject` writes it.\n"
    )


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("MSELoss", ["[loss]", 'type = "MSELoss"']),
        ("Adam", ["[optimizer]", 'type = "Adam"']),
        ("StepLR", ["[[callbacks]]", 'type = "StepLR"', "step_size = 1"]),
        ("Accuracy", ["[[metrics]]", 'type = "Accuracy"']),
        ("EarlyStopping", ["[[callbacks]]", 'type = "EarlyStopping"']),
        ("Random", ["[data]", 'type = "Random"', "features = 1", "targets = [1.0]"]),
        ("constant_", ["[[initialize]]", 'type = "constant_"', "val = 1.0"]),
        ("Linear", ['{ type = "Linear", out_features = 1 }']),
        ("Sequential", ['{ type = "Sequential", layers = [{ type = "…" }] }']),
        ("CosineDistance", ['{ type = "CosineDistance" }']),
        ("Partition", ["[optimizer]", 'type = "Partition"', 'parts = [{ optimizer = { type = "…" } }]']),
    ],
)
def test_a_component_is_shown_in_its_section_of_a_spec(name, lines):
    [kind] = [kind for kind in CATALOG if kind.__name__ == name]
    assert show.example(kind) == lines


def test_list_prints_a_line_for_each_component_by_family(hookline):
    code, shown, _ = hookline("list")
    assert code == 0
    blocks = {block.splitlines()[0]: block.splitlines()[1:] for block in shown.split("\n\n")}
    assert sum(map(len, blocks.values())) == len(list(CATALOG))
    assert "optimizers" in blocks
    one = hookline("list", "Losses")
    assert one == hookline("list", "loss")
    assert one[1].splitlines() == ["losses", *blocks["losses"]]


def test_list_and_show_include_components_of_a_local_file(tmp_path, hookline):
    file = tmp_path / "mine.py"
    file.write_text(
        "from hookline import hookimpl; from hookline.spec import LossSpec, spec\n\n@spec\nclass MyLoss(LossSpec):\n    '''Mine.'''\n\n"
        "    gamma: float = 2.0\n    '''How much.'''\n\n@hookimpl\ndef register_specs():\n    return [MyLoss]\n"
    )
    listed = hookline("list", "losses", "-p", str(file))[1]
    assert "  MyLoss* " in listed
    assert listed.endswith("\n\n* `hookline eject` refuses a spec with it: it has no lines of torch.\n")
    assert "`hookline eject` refuses it: it has no lines of torch." in hookline("show", "MyLoss", "-p", str(file))[1]
    assert "  gamma = 2.0: a number\n      How much.\n" in hookline("show", "MyLoss", "-p", str(file))[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "lossses"], 'There is no family called "lossses". Did you mean "losses"?'),
        (["show", "Conv2"], 'There is no component called "Conv2". Did you mean "Conv2d"?'),
        (["show", "layer", "Con2d"], 'There is no layer called "Con2d". Did you mean "Conv2d"?'),
        (
            ["show", "gamma"],
            'There is no component called "gamma". It is an option of CyclicLR, ExponentialLR, MultiStepLR and 1 other: '
            "`hookline show CyclicLR` shows it.",
        ),
        (["show", "layr", "Conv2d"], 'There is no family called "layr". Did you mean "layer"?'),
        (
            ["show", "PairwiseDistance"],
            '"PairwiseDistance" is in several families, "layer" and "distance"; name the family, too.',
        ),
        (["show", "a", "b", "c"], "Give a family and a name, or a name: `hookline show layer Conv2d`."),
        (["list", "--installed", "nothing"], 'No plugin named "nothing" is installed.'),
    ],
)
def test_an_unknown_name_is_reported_with_the_nearest_one(arguments, message, hookline):
    code, out, err = hookline(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)


def test_the_directory_of_a_run_is_not_a_component(hookline, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first").mkdir()
    for name in ("spec.toml", "run.lock.toml", "result.json"):
        (tmp_path / "first" / name).touch()
    message = "first: This is the directory of a run. Its spec is first/spec.toml; "
    assert hookline("show", "first")[2].startswith(message)


@pytest.mark.parametrize("arguments", [["list"], ["show", "layer", "Conv2d"]])
def test_neither_command_imports_torch_or_numpy(arguments):
    code = (
        "import sys; from hookline.cli.main import main; main(sys.argv[1:]); "
        "sys.exit(' '.join({'torch', 'numpy', 'pyarrow', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")

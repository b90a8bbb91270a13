"""How many losses, optimizers and layers are traced, and why the others are not."""

import importlib.util
import re
from pathlib import Path

import numpy
import pytest
import tracing
from exhaustive import EXHAUSTIVE, sampled

import hookline
import hookline_models


def _module(path):
    """Another test module."""
    loader = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    return module


HERE = Path(__file__).parent
GRID = _module(HERE / "test_grid.py")
EVERY_LAYER = HERE.parent / "hookline" / "training" / "tracing" / "test_every_layer.py"
"""The test that traces each layer of torch."""

GOAL = 0.9
"""The least share of the layers and of the losses."""

TRACED = 4
"""The steps of the grid that can be traced: those after the first one of each of the two shapes of batches."""

SPARSE = "a tensor is sparse, nested or quantized"
UNTRACED = {
    "AdaptiveLogSoftmaxWithLoss": "aten.nonzero.default looks at the values of a tensor",
    "MSELoss (sparse)": SPARSE,
}
"""The losses of the grid whose steps the layers compute, and why: the first selects rows by the values of the targets,
the second has an embedding with sparse gradients."""

WITH_SPARSE = {"SparseAdam"}
"""The optimizers that take only sparse gradients."""

ROWS = (12, 5, 6)
LINEAR = {"type": "Linear", "out_features": 6}
CONTAINERS = {
    "Sequential": LINEAR,
    "Residual": {"type": "Residual", "layers": [LINEAR]},
    "Repeat": {"type": "Repeat", "times": 2, "layers": [LINEAR]},
    "Parallel": {"type": "Parallel", "branches": [LINEAR, {"type": "Identity"}]},
    "Transpose": {"type": "Transpose", "dim0": 1, "dim1": 2},
    "LearnedPositionalEmbedding": {"type": "LearnedPositionalEmbedding"},
    "SequencePool": {"type": "SequencePool"},
    "Branches": {"type": "Branches", "branches": {"x": [LINEAR], "z": [LINEAR]}},
    "Siamese": {"type": "Siamese", "layers": [LINEAR], "join": {"type": "Bilinear", "out_features": 6}},
}
"""The layers that torch does not have, besides `Heads`, which GaussianNLLLoss has in the grid."""


class Noting:
    """Keeps the run."""

    @hookline.hookimpl(wrapper=True)
    def fit(self, run):
        self.run = run
        return (yield)


@pytest.fixture
def _traced(monkeypatch):
    tracing.trace_everything(monkeypatch, "torchscript")


def cell(loss, optimizer):
    """How many steps of a cell of the grid were traced, and why others were not; `None` if the cell is refused."""
    noting = Noting()
    if isinstance(GRID.with_hookline(loss, optimizer, 1, noting), str):
        return None
    counts = noting.run.traced_steps
    return counts.traced, counts.reasons


def expected(loss):
    return (0, [UNTRACED[loss]]) if loss in UNTRACED else (TRACED, [])


def optimizer_of(loss):
    return {"MSELoss (matrices)": "Muon", "MSELoss (sparse)": "SparseAdam"}.get(loss, "SGD")


@pytest.mark.usefixtures("_traced")
@pytest.mark.parametrize("loss", GRID.LOSSES)
def test_a_loss_is_traced(loss):
    assert cell(loss, optimizer_of(loss)) == expected(loss)


def test_nearly_all_losses_are_traced():
    kinds = {loss.partition(" ")[0] for loss in GRID.LOSSES if loss != GRID.SEVERAL}
    assert len(kinds - UNTRACED.keys()) / len(kinds) >= GOAL


@pytest.mark.usefixtures("_traced")
@pytest.mark.parametrize("optimizer", sorted(GRID.OPTIMIZERS.keys() - WITH_SPARSE))
def test_the_gradients_are_traced_with_every_optimizer_of_dense_gradients(optimizer):
    traced, reasons = cell("MSELoss (matrices)", optimizer)
    assert traced >= TRACED  # LBFGS computes the gradients several times in a step.
    assert reasons == []


@EXHAUSTIVE
@pytest.mark.usefixtures("_traced")
@pytest.mark.parametrize("loss", GRID.LOSSES)
def test_a_loss_is_traced_with_every_optimizer(loss):
    cells = {optimizer: cell(loss, optimizer) for optimizer in GRID.OPTIMIZERS}
    trained = {optimizer: counts for optimizer, counts in cells.items() if counts is not None}
    assert trained
    for optimizer, (traced, reasons) in trained.items():
        assert (min(traced, TRACED), reasons) == expected(loss), optimizer


def _names_of_layers():
    """The names of the layers that the test of every layer traces."""
    return {re.split(r"[ {]", name)[0] for name, *_ in _module(EVERY_LAYER).CASES}


def test_nearly_all_layers_are_traced():
    layers = set(hookline_models.register_specs())
    traced = layers & (_names_of_layers() | CONTAINERS.keys() | {"Heads"})
    assert sorted(layers - traced) == []
    assert len(traced) / len(layers) >= GOAL


@pytest.mark.usefixtures("_traced")
@pytest.mark.parametrize("layer", CONTAINERS)
def test_a_layer_of_hookline_is_traced(layer, tmp_path):
    draw, noting = numpy.random.default_rng(0), Noting()
    data = {name: draw.standard_normal(ROWS, "float32") for name in ("x", "z")}
    data["y"] = draw.standard_normal(ROWS[:1], "float32")
    takes_two = layer in ("Branches", "Siamese")
    first = [] if takes_two else [LINEAR]
    spec = {
        "run": {"epochs": 3},
        "data": {"type": "Arrays", "inputs": ["x", "z"] if takes_two else ["x"], "targets": ["y"], "batch_size": 4},
        "model": {"type": "Sequential", "layers": [*first, CONTAINERS[layer], {"type": "Flatten"}, {"type": "Linear"}]},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD", "lr": 0.01},
    }
    given = {name: data[name] for name in [*spec["data"]["inputs"], "y"]}
    hookline.train(hookline.load(spec), data=given, plugins=[noting], out=tmp_path / "run")
    counts = noting.run.traced_steps
    # In its first step, a fused optimizer checks its parameters, and notes that in an attribute.
    assert (counts.traced, counts.by_layers, counts.reasons) == (7, 2, [])


SPECS = HERE.parents[1] / "specs"
BY_LAYERS = {
    "callbacks/CutMix.toml": 'CutMix implements the stage "forward"',
    "callbacks/Mixup.toml": 'Mixup implements the stage "forward"',
    "callbacks/Profile.toml": 'Profile implements the stage "forward"',
    "callbacks/Timing.toml": 'Timing implements the stage "forward"',
    "embedding.toml": "the inputs are sequences with lengths",
    "losses/AdaptiveLogSoftmaxWithLoss.toml": UNTRACED["AdaptiveLogSoftmaxWithLoss"],
    "losses/CTCLoss.toml": "the inputs are sequences with lengths",
    "optimizers/SparseAdam.toml": SPARSE,
}
"""The shipped specs whose steps the layers compute, and why."""


@pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")
@pytest.mark.parametrize(
    "name",
    sampled(
        sorted(path.relative_to(SPECS).as_posix() for path in SPECS.rglob("*.toml")),
        {"callbacks/GradientClipping.toml", "tabular/Branches.toml", "optimizers/SparseAdam.toml"},
    ),
)
def test_a_shipped_spec_is_traced(name):
    spec = hookline.load(SPECS / name)
    if spec.tune is not None:
        pytest.skip("A study has no plan.")
    expected = f"{BY_LAYERS[name]}." if name in BY_LAYERS else "enough steps to earn back the cost."
    assert hookline.plan(spec).tracing.endswith(expected)

"""The grid: every loss with every optimizer, with and without accumulation.

Each combination is either refused before training, with a reason, or trains to the same bits as the plain PyTorch loop
below, which uses no Hookline code: the loss of every step, every weight, every parameter of the criterion. With
accumulation, it is also compared with the whole batch: see `TOLERANCE`. `pytest -s` prints the rows, and
`python tests/product/test_grid.py` writes the table to `docs/grid.md`.
"""

import re
import sys
import tempfile
from pathlib import Path

import numpy
import pytest
import torch
from exhaustive import EXHAUSTIVE
from torch import nn

import hookline
import hookline_losses
import hookline_optimizers

GRID = Path(__file__).parents[2] / "docs" / "grid.md"
ROWS, BATCH, EPOCHS, SEED, PARTS = 11, 4, 2, 3, 2
"""Three batches per epoch; the last one is smaller."""
TOLERANCE = 1e-5
"""The maximum difference of all losses and final weights between accumulation and the whole batch, since sums are
computed in a different order. LBFGS divides by differences of gradients, which amplifies rounding errors without bounds,
so its cells are compared in double precision."""


# --- The data for each loss: groups of inputs, and a target in the form that the loss expects. -----------------------


def _drawn(*shape, seed=0):
    return torch.randn(ROWS, *shape, generator=torch.Generator().manual_seed(seed))


CLASS = torch.arange(ROWS) % 3
LABELS = torch.stack([torch.arange(ROWS) % 2, torch.arange(ROWS) % 3 // 2], dim=1)
SIGNS = (LABELS * 2 - 1).float()
NUMBERS = _drawn(2, seed=1)
COUNTS = (NUMBERS.abs() * 3).floor()
SHARES = _drawn(3, seed=2).softmax(dim=1)
WORDS = ["abc", "cab", "aa", "b", "bca", "ca", "ab", "c", "bb", "abca", "cb"]
LETTERS = torch.tensor([["_abc".index(letter) for letter in word] + [-1] * (4 - len(word)) for word in WORDS])
LISTS = torch.tensor([[*(i for i in (0, 1) if pair[i]), -1, -1][:2] for pair in LABELS.tolist()])
ONE = {"input": _drawn(5)}
TWO = {"input1": _drawn(5), "input2": _drawn(5, seed=4)}
THREE = {"anchor": _drawn(5), "positive": _drawn(5, seed=4), "negative": _drawn(5, seed=5)}


def _columns(tensor):
    return {f"t{index}": column.numpy() for index, column in enumerate(tensor.unbind(1))}


# For each loss: its options, the inputs, the target columns of the data source, the target for the criterion, the number
# of outputs of the model, and its last layer.
SEVERAL = "several losses"
LOSSES = {
    "CrossEntropyLoss": ({"weight": [0.5, 2.0, 1.0]}, ONE, {"y": CLASS.numpy()}, CLASS, 3, None),
    "CrossEntropyLoss (ignore_index)": ({"ignore_index": 1}, ONE, {"y": CLASS.numpy()}, CLASS, 3, None),
    "NLLLoss": ({}, ONE, {"y": CLASS.numpy()}, CLASS, 3, "LogSoftmax"),
    "BCELoss": ({}, ONE, _columns(LABELS), LABELS.float(), 2, "Sigmoid"),
    "BCEWithLogitsLoss": ({}, ONE, _columns(LABELS), LABELS.float(), 2, None),
    "MultiLabelSoftMarginLoss": ({}, ONE, _columns(LABELS), LABELS.float(), 2, None),
    "MultiMarginLoss": ({}, ONE, {"y": CLASS.numpy()}, CLASS, 3, None),
    "MultiLabelMarginLoss": ({}, ONE, _columns(LABELS), LISTS, 2, None),
    "SoftMarginLoss": ({}, ONE, _columns(SIGNS), SIGNS, 2, None),
    "HingeEmbeddingLoss": ({}, ONE, _columns(SIGNS), SIGNS, 2, "Softplus"),
    "CosineEmbeddingLoss": ({"margin": 0.1}, TWO, {"y": SIGNS[:, 0].numpy()}, SIGNS[:, 0], 3, None),
    "MarginRankingLoss": ({"margin": 0.5}, TWO, _columns(SIGNS), SIGNS, 2, None),
    "TripletMarginLoss": ({}, THREE, None, None, 3, None),
    "TripletMarginWithDistanceLoss": ({}, THREE, None, None, 3, None),
    "MSELoss": ({}, ONE, _columns(NUMBERS), NUMBERS, 2, None),
    "L1Loss": ({"reduction": "sum"}, ONE, _columns(NUMBERS), NUMBERS, 2, None),
    "SmoothL1Loss": ({}, ONE, _columns(NUMBERS), NUMBERS, 2, None),
    "HuberLoss": ({}, ONE, _columns(NUMBERS), NUMBERS, 2, None),
    "PoissonNLLLoss": ({}, ONE, _columns(COUNTS), COUNTS, 2, None),
    "GaussianNLLLoss": ({}, ONE, _columns(NUMBERS), NUMBERS, 2, "Heads"),
    "KLDivLoss": ({"reduction": "batchmean"}, ONE, _columns(SHARES), SHARES, 3, "LogSoftmax"),
    "CTCLoss": ({}, ONE, {"y": numpy.array(WORDS)}, LETTERS, 9 * 4, "Unflatten"),
    "AdaptiveLogSoftmaxWithLoss": (
        {"in_features": 4, "cutoffs": [1], "div_value": 2.0},
        ONE,
        {"y": CLASS.numpy()},
        CLASS,
        4,
        None,
    ),
    SEVERAL: ({}, ONE, _columns(NUMBERS), NUMBERS, 2, None),
    "MSELoss (sparse)": ({}, {"input": torch.arange(ROWS) % 5}, _columns(NUMBERS), NUMBERS, 2, "Embedding"),
    "MSELoss (matrices)": ({}, ONE, _columns(NUMBERS), NUMBERS, 2, "no biases"),
    "LinearCrossEntropyLoss": ({"in_features": 4, "bias": True}, ONE, {"y": CLASS.numpy()}, CLASS, 4, None),
}
OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9},
    "Adam": {"lr": 0.05},
    "AdamW": {"lr": 0.05},
    "Adamax": {"lr": 0.05},
    "NAdam": {"lr": 0.05},
    "RAdam": {"lr": 0.05},
    "RMSprop": {"lr": 0.02},
    "Adagrad": {"lr": 0.05},
    "Adadelta": {},
    "Adafactor": {"lr": 0.05},
    "ASGD": {"lr": 0.05},
    "Rprop": {"lr": 0.01},
    "LBFGS": {"lr": 0.1, "max_iter": 3},
    "SparseAdam": {},
    "Muon": {},
}
FUSED = ("SGD", "Adam", "AdamW", "Adagrad")
"""The optimizers with a fused kernel for the CPU, which Hookline uses."""


# --- With Hookline. --------------------------------------------------------------------------------------------------


def layers(last, outputs):
    """The model as a table of a spec."""
    if last == "Embedding":
        return [{"type": "Embedding", "num_embeddings": 5, "embedding_dim": outputs, "sparse": True}]
    if last == "no biases":
        return [{"type": "Linear", "out_features": size, "bias": False} for size in (4, outputs)]
    first = [{"type": "Linear", "out_features": 4}, {"type": "Tanh"}]
    if last == "Heads":
        var = {"type": "Sequential", "layers": [{"type": "Linear", "out_features": outputs}, {"type": "Softplus"}]}
        return [*first, {"type": "Heads", "heads": {"input": {"type": "Linear", "out_features": outputs}, "var": var}}]
    end = {
        None: [],
        "LogSoftmax": [{"type": "LogSoftmax", "dim": -1}],
        "Sigmoid": [{"type": "Sigmoid"}],
        "Softplus": [{"type": "Softplus"}],
        "Unflatten": [{"type": "Unflatten", "dim": 1, "unflattened_size": [9, 4]}, {"type": "LogSoftmax", "dim": -1}],
    }[last]
    return [*first, {"type": "Linear", "out_features": outputs}, *end]


@hookline.spec.spec
class Given(hookline.spec.DataSpec):
    """The data of the loss of this name."""

    loss: str
    """The name."""

    def prepare(self, run, loss):
        _, inputs, columns, *_ = LOSSES[self.loss]
        targets = {} if columns is None else {"target": columns}
        return hookline.data.in_memory(self, run, loss, {"training": inputs}, {"training": targets})


class Recorder:
    """A plugin that provides the data and records the loss of every step."""

    def __init__(self):
        self.losses = []

    @hookline.hookimpl
    def register_specs(self):
        return [Given]

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        answer = yield
        self.losses.append(run.loss.item())
        return answer


class InDoublePrecision:
    """A plugin that computes everything in double precision."""

    @hookline.hookimpl(wrapper=True)
    def build_model(self):
        return (yield).double()

    @hookline.hookimpl(wrapper=True)
    def select_loss(self):
        return (yield).double()

    @hookline.hookimpl
    def forward(self, run, model, batch):
        return hookline.training.applied(model, batch.changed(self._double), run.objective.inputs)

    @hookline.hookimpl
    def loss(self, run, criterion, outputs, batch):
        return run.objective.compute(criterion, outputs, batch.changed(self._double))

    def _double(self, tensor):
        return tensor.double() if tensor.is_floating_point() else tensor


def with_hookline(loss, optimizer, accumulate, *others):
    """The losses of all steps and the weights of model and criterion, or the message of the error."""
    options, _, _, _, outputs, last = LOSSES[loss]
    recorder, kind = Recorder(), loss.partition(" ")[0]
    with tempfile.TemporaryDirectory() as directory:
        try:
            spec = hookline.load(
                {
                    "run": {"epochs": EPOCHS, "seed": SEED, "accumulate": accumulate, "device": "cpu"},
                    "data": {"type": "Given", "loss": loss, "batch_size": BATCH},
                    "model": {"type": "Sequential", "layers": layers(last, outputs)},
                    **({"losses": SUM} if loss == SEVERAL else {"loss": {"type": kind, **options}}),
                    "optimizer": {"type": optimizer, **OPTIMIZERS[optimizer]},
                },
                plugins=[recorder],
            )
            trial = hookline.train(spec, plugins=[recorder, *others], out=Path(directory) / "run")
        except (hookline.errors.SpecError, hookline.errors.MismatchError) as error:
            assert recorder.losses == [], "What is refused is refused before training."
            return str(error)
    return recorder.losses, [*trial.model.parameters(), *trial.criterion.parameters()]


# --- By hand. --------------------------------------------------------------------------------------------------------


class Heads(nn.Module):
    """A mean and a variance."""

    def __init__(self, outputs):
        super().__init__()
        self.input = nn.Linear(4, outputs)
        self.var = nn.Sequential(nn.Linear(4, outputs), nn.Softplus())

    def forward(self, x):
        return self.input(x), self.var(x)


class Sum(nn.Module):
    """The sum of the two losses in the spec."""

    def forward(self, outputs, target):
        return 0.5 * nn.functional.mse_loss(outputs, target) + 2.0 * nn.functional.l1_loss(outputs, target)


SUM = {"squares": {"type": "MSELoss", "factor": 0.5}, "sizes": {"type": "L1Loss", "factor": 2.0}}


def network(last, outputs):
    if last == "Embedding":
        return nn.Sequential(nn.Embedding(5, outputs, sparse=True))
    if last == "no biases":
        return nn.Sequential(nn.Linear(5, 4, bias=False), nn.Linear(4, outputs, bias=False))
    first = nn.Linear(5, 4)
    if last == "Heads":
        return nn.Sequential(first, nn.Tanh(), Heads(outputs))
    end = {
        None: [],
        "LogSoftmax": [nn.LogSoftmax(dim=-1)],
        "Sigmoid": [nn.Sigmoid()],
        "Softplus": [nn.Softplus()],
        "Unflatten": [nn.Unflatten(1, (9, 4)), nn.LogSoftmax(dim=-1)],
    }[last]
    return nn.Sequential(first, nn.Tanh(), nn.Linear(4, outputs), *end)


def criterion_of(loss, options):
    if loss == SEVERAL:
        return Sum()
    if loss == "AdaptiveLogSoftmaxWithLoss":
        return nn.AdaptiveLogSoftmaxWithLoss(4, 3, [1], div_value=2.0)
    if loss == "LinearCrossEntropyLoss":
        return nn.LinearCrossEntropyLoss(4, 3, bias=True)
    theirs = {name: torch.tensor(value) if isinstance(value, list) else value for name, value in options.items()}
    return getattr(nn, loss.partition(" ")[0])(**theirs)


def compared(loss, model, criterion, inputs, target):
    """The loss of some rows."""
    outputs = [model(rows) for rows in inputs]
    if loss == "GaussianNLLLoss":
        [(mean, variance)] = outputs
        return criterion(mean, target, variance)
    if loss == "CTCLoss":
        [scores] = outputs
        steps = torch.full((len(scores),), 9)
        return criterion(scores.transpose(0, 1), target, steps, (target >= 0).sum(dim=1))
    if loss == "AdaptiveLogSoftmaxWithLoss":
        return criterion(*outputs, target).loss
    return criterion(*outputs) if target is None else criterion(*outputs, target)


def share(criterion, part, batch):
    """The share of the loss of a part in that of its batch: by rows, by class weights, or 1 for a sum."""
    if getattr(criterion, "reduction", "mean") == "sum":
        return 1.0
    if isinstance(criterion, nn.CrossEntropyLoss) and criterion.weight is None:
        return (part != criterion.ignore_index).sum() / (batch != criterion.ignore_index).sum()
    if isinstance(criterion, nn.CrossEntropyLoss):
        return criterion.weight[part].sum() / criterion.weight[batch].sum()
    return len(part) / len(batch)


def by_hand(loss, optimizer, accumulate):
    """The losses of all steps and the weights of model and criterion, from a plain loop."""
    options, inputs, _, target, outputs, last = LOSSES[loss]
    torch.manual_seed(SEED)
    model = network(last, outputs)
    criterion = criterion_of(loss, options)
    parameters = [*model.parameters(), *criterion.parameters()]
    fused = {"fused": True} if optimizer in FUSED and last != "Embedding" else {}
    steps = getattr(torch.optim, optimizer)(parameters, **OPTIMIZERS[optimizer], **fused)
    losses = []
    for epoch in range(1, EPOCHS + 1):
        order = torch.from_numpy(numpy.random.default_rng((SEED, epoch)).permutation(ROWS))
        for batch in order.split(BATCH):
            x = [rows[batch] for rows in inputs.values()]
            y = None if target is None else target[batch]

            def closure(x=x, y=y):
                steps.zero_grad()
                if accumulate == 1:
                    value = compared(loss, model, criterion, x, y)
                    value.backward()
                    return value
                total, rows, known = torch.zeros(()), len(x[0]), x[0] if y is None else y
                size = -(-rows // accumulate)
                parts = [slice(start, start + size) for start in range(0, rows, size)]
                shares = [(part, share(criterion, known[part], known)) for part in parts]
                # If all rows are ignored, the loss is 0 / 0: such a part is skipped, but not the whole batch.
                for part, its_share in [(part, its) for part, its in shares if its > 0] or [(parts[0], 1.0)]:
                    its_y = None if y is None else y[part]
                    value = its_share * compared(loss, model, criterion, [rows[part] for rows in x], its_y)
                    value.backward()
                    total += value.detach()
                return total

            losses.append(steps.step(closure).item())
    return losses, parameters


# --- The proof. ------------------------------------------------------------------------------------------------------


def outcome(loss, optimizer):
    """ "=" if everything is equal, with and without accumulation, or the reason for refusing the combination."""
    plain = with_hookline(loss, optimizer, 1)
    accumulated = with_hookline(loss, optimizer, PARTS)
    if isinstance(plain, str):
        assert accumulated == plain
        return plain
    for accumulate, trained in ((1, plain), (PARTS, accumulated)):
        assert not isinstance(trained, str), trained
        losses, parameters = trained
        expected_losses, expected_parameters = by_hand(loss, optimizer, accumulate)
        assert [not numpy.isfinite(loss) for loss in losses] == nothing_counts(loss)
        numpy.testing.assert_array_equal(losses, expected_losses, strict=True)
        assert [weight.tolist() for weight in parameters] == [weight.tolist() for weight in expected_parameters]
    if optimizer == "LBFGS":
        plain, accumulated = (with_hookline(loss, optimizer, parts, InDoublePrecision()) for parts in (1, PARTS))
    assert accumulated[0] == pytest.approx(plain[0], rel=TOLERANCE, abs=TOLERANCE, nan_ok=True)
    for index, (weight, expected) in enumerate(zip(accumulated[1], plain[1], strict=True)):
        if (loss, index) not in WITHOUT_EFFECT:
            torch.testing.assert_close(weight, expected, rtol=0, atol=TOLERANCE)
    return "="


WITHOUT_EFFECT = {("TripletMarginLoss", 3), ("TripletMarginWithDistanceLoss", 3)}
"""The last bias, which shifts all outputs equally and so does not change distances. Its gradient consists of rounding
errors, which most optimizers scale up to a whole step, so it is not compared with the whole batch."""


def nothing_counts(loss):
    """For each step, whether all rows of the batch are ignored, so that the loss is 0 / 0."""
    ignored = LOSSES[loss][0].get("ignore_index", -100)
    orders = [numpy.random.default_rng((SEED, epoch)).permutation(ROWS) for epoch in range(1, EPOCHS + 1)]
    batches = [batch for order in orders for batch in torch.from_numpy(order).split(BATCH)]
    return [loss.startswith("CrossEntropyLoss") and bool((CLASS[batch] == ignored).all()) for batch in batches]


REASONS = (
    "SparseAdam takes sparse gradients, but that of 0.weight is dense",
    "Muon trains matrices, but 0.bias has the shape (4,)",
    "cannot train 0.weight, whose gradient is sparse",
)


def cell(loss, optimizer):
    """The cell of a loss and an optimizer in the table."""
    what = outcome(loss, optimizer)
    return "=" if what == "=" else str(1 + next(i for i, reason in enumerate(REASONS) if reason in what))


def row(loss):
    """The row of a loss in the table."""
    return f"| {loss} | {' | '.join(cell(loss, optimizer) for optimizer in OPTIMIZERS)} |"


SAMPLE = [
    *((loss, list(OPTIMIZERS)[number % len(OPTIMIZERS)]) for number, loss in enumerate(LOSSES)),
    ("MSELoss (sparse)", "SparseAdam"),
    ("MSELoss (matrices)", "Muon"),
    ("CrossEntropyLoss (ignore_index)", "LBFGS"),
    ("TripletMarginWithDistanceLoss", "Adam"),
    ("MSELoss", "SGD"),
]
"""Every loss once, every optimizer at least once, and each outcome."""


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
@pytest.mark.parametrize(("loss", "optimizer"), SAMPLE)
def test_a_loss_trains_with_an_optimizer_as_the_grid_says(loss, optimizer):
    [line] = [line for line in GRID.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {loss} |")]
    assert line.split(" | ")[1:][list(OPTIMIZERS).index(optimizer)].removesuffix(" |") == cell(loss, optimizer)


def test_the_sample_has_every_loss_every_optimizer_and_every_outcome():
    assert {loss for loss, _ in SAMPLE} == set(LOSSES)
    assert {optimizer for _, optimizer in SAMPLE} == set(OPTIMIZERS)
    lines = dict(re.findall(r"^\| (\S.*?) \| (.*) \|$", GRID.read_text(encoding="utf-8"), re.MULTILINE))
    cells = {lines[loss].split(" | ")[list(OPTIMIZERS).index(optimizer)] for loss, optimizer in SAMPLE}
    assert cells == {"=", *(str(number + 1) for number in range(len(REASONS)))}


@EXHAUSTIVE
@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_with_every_optimizer_equals_a_plain_loop_or_is_refused_with_a_reason(loss):
    made = row(loss)
    sys.stdout.write(f"{made}\n")
    assert made in GRID.read_text(encoding="utf-8").splitlines()


def test_the_row_with_an_ignored_class_has_a_batch_of_ignored_rows():
    assert nothing_counts("CrossEntropyLoss (ignore_index)").count(True) == 1


def test_the_grid_has_every_loss_and_every_optimizer():
    losses = {
        kind.__name__ for kind in hookline_losses.register_specs().values() if issubclass(kind, hookline.spec.LossSpec)
    }
    assert {name.partition(" ")[0] for name in LOSSES if name != SEVERAL} == losses
    assert set(OPTIMIZERS) == {kind.__name__ for kind in hookline_optimizers.register_specs().values()} - {"Partition"}
    assert len(GRID.read_text(encoding="utf-8").split("|---")[-1].split("\n\n")[0].splitlines()) == len(LOSSES) + 1


def table():
    """The whole page."""
    head = f"| | {' | '.join(OPTIMIZERS)} |"
    reasons = [f"{number}. … {reason} …" for number, reason in enumerate(REASONS, start=1)]
    return "\n".join([TITLE, head, "|---" * (len(OPTIMIZERS) + 1) + "|", *map(row, LOSSES), "", *reasons, ""])


TITLE = """# Every loss with every optimizer

`=` means that training from a spec equals a plain PyTorch loop bit for bit: the losses of all steps and all final weights,
with and without `accumulate`. With `accumulate`, they also equal those of the whole batch within 0.00001, since sums are
computed in a different order. (LBFGS amplifies rounding errors, so it is compared with the whole batch in double
precision. The last bias of a model that is trained with triplets has no effect and is not compared.)

A number means that Hookline refuses the combination before training, for the reason below the table.
`tests/product/test_grid.py` tests every cell and writes this page.
"""

if __name__ == "__main__":
    GRID.write_text(table(), encoding="utf-8")
    sys.stdout.write(GRID.read_text(encoding="utf-8"))

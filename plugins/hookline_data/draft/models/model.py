"""The model of a drafted spec, and how it is trained and judged."""

from collections.abc import Iterator

from hookline_data.draft.drafted import Drafted
from hookline_data.draft.lines import layers
from hookline_data.draft.models import networks

LEARNING_RATE = 0.003

MEMBERS = 8
"""The number of networks in an ensemble."""

FEW_ROWS = 100
"""With fewer rows, linear models are often better."""

MOST_COLUMNS = 1_000
"""The largest number of columns for an ensemble."""

MOST_CLASSES = 1_000
"""The largest number of classes for an ensemble."""


def batch_size(rows: int) -> int:
    """Return the number of rows in a batch."""
    return 32 if rows < 5_000 else 128 if rows < 50_000 else 512


def model(draft: Drafted) -> Iterator[str]:
    """Return the tables of the spec from the model to the metrics."""
    yield from _classification(draft) if draft.task == "classes" else _regression(draft)


def _layers(draft: Drafted, outputs: int) -> Iterator[str]:
    if draft.network is not None:
        yield from layers(draft.network(outputs))
    elif _is_for_tabm(draft, outputs):
        yield from _tabm(draft.rows)
    else:
        yield from layers([*networks.perceptron(draft.rows), networks.linear(outputs)])
    yield ""


def _is_for_tabm(draft: Drafted, outputs: int) -> bool:
    """Whether an ensemble is not too slow: it multiplies the inputs and the outputs."""
    return len(draft.given) <= MOST_COLUMNS and outputs <= MOST_CLASSES and all(one.is_scalar for one in draft.given)


def _tabm(rows: int) -> Iterator[str]:
    width = 64 if rows < 5_000 else 128
    yield "[model] # an ensemble of small networks; the number of its outputs follows from the loss"
    if rows < FEW_ROWS:
        yield f"# With fewer than {FEW_ROWS} rows, a linear model can be better: a Sequential of one Linear layer."
    else:
        yield "# For more accuracy, try more members and wider layers; a Sequential of Linear and ReLU is faster."
    yield 'type = "TabM"'
    yield f"k = {MEMBERS} # members"
    yield f"d_block = {width} # the size of a layer"
    yield 'num_embeddings = { type = "PiecewiseLinearEmbeddings", n_bins = 16, d_embedding = 4 }'


def _classification(draft: Drafted) -> Iterator[str]:
    binary = draft.is_binary
    yield from _layers(draft, 1 if binary else len(draft.classes))
    if binary:
        yield "[loss] # one output, which is positive for the second class"
        yield 'type = "BCEWithLogitsLoss"'
    else:
        yield "[loss] # one output per class"
        yield 'type = "CrossEntropyLoss"'
    if draft.imbalance:
        yield f'# {"pos_weight" if binary else "weight"} = "balanced" # all classes count equally'
    yield from ("", "[optimizer]", 'type = "AdamW"', f"lr = {LEARNING_RATE}")
    if draft.imbalance:
        yield ""
        yield f"# {draft.imbalance}"
        yield from (["[[metrics]]", 'type = "AUROC"'] if binary else [])
    else:
        yield from ("", "[[metrics]]", 'type = "Accuracy"', "")
    yield from (["[[metrics]]", 'type = "F1Score"'] if not draft.imbalance or not binary else ["", *_F1])
    if not binary:
        yield 'average = "macro" # all classes have equal weight'
    elif not draft.imbalance:
        yield from ("", "[[metrics]]", 'type = "AUROC"')


_F1 = ("[[metrics]]", 'type = "F1Score"')


def _regression(draft: Drafted) -> Iterator[str]:
    yield from _layers(draft, 1)
    yield "[loss] # quadratic for errors up to one standard deviation of the target, linear above"
    yield 'type = "HuberLoss"'
    yield from ("", "[optimizer]", 'type = "AdamW"', f"lr = {LEARNING_RATE}")
    yield from ("", "[[metrics]]", 'type = "R2Score"')
    yield from ("", "[[metrics]]", 'type = "MeanAbsoluteError"')

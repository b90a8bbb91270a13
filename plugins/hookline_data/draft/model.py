"""The model of a drafted spec, and how it is trained and judged."""

from collections.abc import Iterator

from hookline_data.draft.lines import layers
from hookline_data.draft.target import Drafted

LEARNING_RATE = 0.003


def batch_size(rows: int) -> int:
    """Return the number of rows in a batch."""
    return 32 if rows < 5_000 else 128 if rows < 50_000 else 512


def model(draft: Drafted) -> Iterator[str]:
    """Return the tables of the spec from the model to the metrics."""
    yield from _classification(draft) if draft.task == "classes" else _regression(draft)


def _hidden(rows: int) -> list[int]:
    """Return the widths of the hidden layers, which grow with the number of rows."""
    return [32] if rows < 1_000 else [64, 32] if rows < 20_000 else [256, 128]


def _layers(draft: Drafted, outputs: int) -> Iterator[str]:
    if draft.network is not None:
        yield from layers(draft.network(outputs))
        yield ""
        return
    yield "[model]"
    yield 'type = "Sequential"'
    yield "layers = ["
    for width in _hidden(draft.rows):
        yield f'    {{ type = "Linear", out_features = {width} }},'
        yield '    { type = "ReLU" },'
    yield f'    {{ type = "Linear", out_features = {outputs} }},'
    yield "]"
    yield ""


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

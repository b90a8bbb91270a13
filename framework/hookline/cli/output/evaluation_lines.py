"""An evaluation as lines of text: loss and metrics, then classes, labels or residuals of each target."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hookline.cli.output.screen import paragraph, table
from hookline.errors.text import counted, shortened
from hookline.runs.side_by_side.cells import number_text
from hookline.spec.objective.predicted import THRESHOLD

if TYPE_CHECKING:
    from hookline.trained.evaluation.evaluation import TargetDetails
    from hookline.trained.numbers.confusion import Confusion

MOST_CLASSES = 20
"""The number of classes or labels up to which all are listed; of more, the worst `WORST`."""
WORST = 10
MOST_CONFUSIONS = 5
"""The number of confused pairs that are listed."""
LONGEST = 40
"""The maximum number of characters of a name."""


def metric_lines(metrics: Mapping[str, float]) -> Iterator[str]:
    """Loss and metrics, aligned."""
    return table([(name, number(value)) for name, value in metrics.items()], None, right=(1,))


def number(value: float) -> str:
    """A number with five digits, as in the results of a training."""
    return f"{value:#.5g}".removesuffix(".")


def details_lines(targets: Mapping[str, "TargetDetails"], width: int | None) -> Iterator[str]:
    """The details of each target, each after an empty line."""
    for details in targets.values():
        yield ""
        if details.kind == "numbers":
            yield from _residual_lines(details, width)
        elif details.kind == "labels" and not details.is_binary:
            yield from _class_lines(details, "label", details.columns, width)
        else:
            yield from _class_lines(details, "class", details.classes, width)
            confusion = details.confusion()
            assert confusion is not None
            yield ""
            yield from _confusion_lines(confusion, details.classes, width)
        if details.kind == "labels" and details.threshold != THRESHOLD:
            what = f'"{shortened(details.classes[1], LONGEST)}"' if details.is_binary else "A label"
            yield from paragraph(f"{what} is predicted from a probability of {details.threshold:g}.", width, "  ")


def _class_lines(details: "TargetDetails", what: str, names: Sequence[str], width: int | None) -> Iterator[str]:
    from hookline.trained.numbers.confusion import worst

    counts = details.by_class()
    assert counts is not None
    chosen: Sequence[int] = range(len(names))
    rest = ""
    if len(names) > MOST_CLASSES:
        chosen = worst(counts, WORST)
        several = "classes" if what == "class" else "labels"
        empty = int((counts.rows == 0).sum())
        others = len(names) - empty - len(chosen)
        have = f"{counted(others, 'other')} {'has' if others == 1 else 'have'}"
        rest = f"These are the {len(chosen)} {several} with the lowest F1. {have} rows"
        rest += f", and {empty:,} have none." if empty else "."
    head = (_title(details, what), "rows", "predicted", "precision", "recall", "F1")
    rows = [
        (
            shortened(names[index], LONGEST),
            f"{counts.rows[index]:,}",
            f"{counts.predicted[index]:,}",
            *(_ratio(float(ratio[index])) for ratio in (counts.precision, counts.recall, counts.f1)),
        )
        for index in chosen
    ]
    yield from table([head, *rows], width, right=range(1, len(head)))
    if rest:
        yield from paragraph(rest, width, "  ")


def _title(details: "TargetDetails", what: str) -> str:
    title = shortened(details.title, LONGEST)
    return title if title and what == "class" else f"{title} {what}".strip()


def _ratio(value: float) -> str:
    """A ratio; a hyphen where it is not defined."""
    return "-" if math.isnan(value) else f"{value:.4f}"


def _confusion_lines(confusion: "Confusion", names: Sequence[str], width: int | None) -> Iterator[str]:
    total, right = confusion.total, confusion.right
    if not total:
        yield "  All rows are ignored by the loss."
        return
    share = f"{right:,} of {counted(total, 'row')} correct ({right / total:.1%})"
    pairs = confusion.most_confused(MOST_CONFUSIONS + 1)
    if not pairs:
        yield f"  {share}."
        return
    wrong = total - right
    shown = pairs[:MOST_CONFUSIONS]
    some = "Errors" if len(pairs) <= MOST_CONFUSIONS else "The most frequent errors"
    yield from paragraph(f"{share}. {some}, true → predicted:", width, "  ")
    of_class = confusion.by_class().rows
    lines = [
        (
            f"  {shortened(names[truth], LONGEST)} → {shortened(names[predicted], LONGEST)}",
            f"{rows:,}",
            f"of {of_class[truth]:,}",
        )
        for truth, predicted, rows in shown
    ]
    yield from table(lines, width, right=(1, 2))
    if len(pairs) > MOST_CONFUSIONS:
        others = wrong - sum(rows for _, _, rows in shown)
        yield f"    {counted(others, 'other error')}"


def _residual_lines(details: "TargetDetails", width: int | None) -> Iterator[str]:
    """The summary of the residuals of each column, as a table, then that of their quantiles."""
    summaries = details.residuals()
    title = shortened(details.title, LONGEST)
    names = {name: name or title or "target" for name in summaries}
    head = (title if len(summaries) > 1 and details.name else "residuals", "mean", "RMSE", "MAE", "R²")
    rows = [
        (
            shortened(names[name], LONGEST),
            number(one.mean),
            number(one.root_mean_square),
            number(one.mean_absolute),
            number(one.r2) if one.r2 == one.r2 else "-",
        )
        for name, one in summaries.items()
    ]
    yield from table([head, *rows], width, right=range(1, len(head)))
    yield ""
    fractions = next(iter(summaries.values())).quantiles
    quantiles = ("quantiles", *(_fraction(fraction) for fraction in fractions))
    lines = [
        (shortened(names[name], LONGEST), *(number_text(value, 4, trim=False) for value in one.quantiles.values()))
        for name, one in summaries.items()
    ]
    yield from table([quantiles, *lines], width, right=range(1, len(quantiles)))
    yield from paragraph("A residual is true minus predicted.", width, "  ")


def _fraction(fraction: float) -> str:
    return {0.0: "min", 0.5: "median", 1.0: "max"}.get(fraction, f"{fraction:.0%}")

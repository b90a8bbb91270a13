"""Which classes are most often taken for which, where there are too many of them for a matrix."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from hookline.plots import new_figure, picture_text, write_picture
from hookline_callbacks.files import write_table

if TYPE_CHECKING:
    from torch import Tensor

MOST_DRAWN = 25
"""How many pairs are drawn at most."""
LONGEST = 30
"""How many characters of a name are drawn."""


@frozen
class Pair:
    """Rows of one class that are predicted to be of one class, by the indices of both."""

    truth: int
    predicted: int
    rows: int

    @property
    def is_right(self) -> bool:
        """Whether both are the same class."""
        return self.truth == self.predicted


def pairs_of(places: "Tensor", counts: "Tensor", classes: int) -> list[Pair]:
    """The pairs that occur: those that are wrong first, and the most frequent first.

    `places` are the indices in a flattened confusion matrix, int64 `(pairs,)`, and `counts` the rows of each.
    """
    known = zip(places.tolist(), counts.tolist(), strict=True)
    found = [Pair(place // classes, place % classes, rows) for place, rows in known]
    return sorted(found, key=lambda pair: (pair.is_right, -pair.rows, pair.truth, pair.predicted))


def write_pairs(path: Path, pairs: Sequence[Pair], names: Sequence[str]) -> None:
    """Write the pairs as a table with a row for each."""
    rows = [(names[pair.truth], names[pair.predicted], str(pair.rows)) for pair in pairs]
    write_table(path, ("truth", "predicted", "rows"), rows)


def draw_pairs(
    path: Path,
    pairs: Sequence[Pair],
    names: Sequence[str],
    title: str,
    normalize: Literal["true", "pred", "all"] | None = None,
) -> None:
    """Draw the most confused pairs as bars to a PNG: their rows, or parts of those that `normalize` says."""
    truth, predicted = Counter[int](), Counter[int]()
    for pair in pairs:
        truth[pair.truth] += pair.rows
        predicted[pair.predicted] += pair.rows

    def part(pair: Pair) -> float:
        wholes = {"true": truth[pair.truth], "pred": predicted[pair.predicted], "all": truth.total()}
        return pair.rows if normalize is None else pair.rows / wholes[normalize]

    wrong = [pair for pair in pairs if not pair.is_right]
    shown = sorted(wrong, key=lambda pair: (-part(pair), -pair.rows, pair.truth, pair.predicted))[:MOST_DRAWN]
    figure = new_figure(9, 1.3 + 0.24 * max(4, len(shown)))
    all_rows, right = truth.total(), truth.total() - sum(pair.rows for pair in wrong)
    share = f"{right / all_rows:.1%} of the rows are right" if all_rows else "no rows"
    drawn = f"; the {len(shown)} most confused of {len(wrong):,} pairs" if len(shown) < len(wrong) else ""
    lines = (title, f"{len(names):,} classes, {share}{drawn}")
    figure.suptitle("\n".join(picture_text(line, 100) for line in lines), x=0.02, ha="left", fontsize=10)
    axes = figure.subplots()
    if shown:
        bars = axes.barh(range(len(shown)), [part(pair) for pair in shown], color="#2a6fbb", height=0.7)
        texts = [f"{pair.rows:,}" if normalize is None else f"{part(pair):.2f} ({pair.rows:,})" for pair in shown]
        axes.bar_label(bars, texts, padding=3, fontsize=8)
        axes.margins(x=0.12)
    else:
        axes.text(0.5, 0.5, "No class is taken for another one.", ha="center", transform=axes.transAxes)
    labels = [
        f"{picture_text(names[pair.truth], LONGEST)} → {picture_text(names[pair.predicted], LONGEST)}" for pair in shown
    ]
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_ylabel("true → predicted", fontsize=9)
    write_picture(figure, path)

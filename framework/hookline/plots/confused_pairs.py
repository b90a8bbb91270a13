"""The most frequently confused pairs of classes, for data with too many classes for a matrix."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from hookline.plots.figures import new_figure, picture_text, write_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

MOST_DRAWN = 25
"""The maximum number of pairs to draw."""
LONGEST = 30
"""The maximum number of characters of a name to draw."""


@frozen
class Pair:
    """The number of rows with one true and one predicted class, given by their indices."""

    truth: int
    predicted: int
    rows: int

    @property
    def is_right(self) -> bool:
        """Whether the prediction is correct."""
        return self.truth == self.predicted


def pairs_of(places: "Tensor | NDArray[Any]", counts: "Tensor | NDArray[Any]", classes: int) -> list[Pair]:
    """Return the pairs that occur: errors first, and then by decreasing frequency.

    `places` are indices into the flattened confusion matrix, int64 `(pairs,)`, and `counts` the number of rows of each.
    """
    known = zip(places.tolist(), counts.tolist(), strict=True)
    found = [Pair(place // classes, place % classes, rows) for place, rows in known]
    return sorted(found, key=lambda pair: (pair.is_right, -pair.rows, pair.truth, pair.predicted))


def draw_pairs(
    path: Path,
    pairs: Sequence[Pair],
    names: Sequence[str],
    title: str,
    normalize: Literal["true", "pred", "all"] | None = None,
) -> None:
    """Draw the most confused pairs as bars to a PNG file: their rows, or fractions according to `normalize`."""
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
    share = f"{right / all_rows:.1%} of the rows are correct" if all_rows else "no rows"
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
        axes.text(0.5, 0.5, "No class is confused with another.", ha="center", transform=axes.transAxes)
    labels = [
        f"{picture_text(names[pair.truth], LONGEST)} → {picture_text(names[pair.predicted], LONGEST)}" for pair in shown
    ]
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(left=False, bottom=False, labelbottom=False)
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_ylabel("true → predicted", fontsize=9)
    write_picture(figure, path)

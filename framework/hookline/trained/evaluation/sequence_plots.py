"""Write the errors of sequences: how symbols are confused, and how many errors sequences have."""

from collections.abc import Callable
from pathlib import Path

import numpy

from hookline.files.tables import write_table
from hookline.plots.confused_pairs import draw_pairs, pairs_of
from hookline.plots.confusion_matrix import draw_matrices
from hookline.plots.figures import COLORS, new_figure, picture_text, write_picture
from hookline.trained.evaluation.sequences import SequenceDetails

MOST_SYMBOLS = 100
"""The number of symbols up to which the whole confusion matrix is written and drawn; of more, the pairs that occur."""


def write_sequences(details: SequenceDetails, place: Callable[[str], Path], title: str) -> None:
    """Write the tables and pictures. `place` returns the path of a file by its name."""
    if not details.rows:
        return
    counts = details.confusion.by_class()
    ratios = (counts.precision, counts.recall, counts.f1)
    write_table(
        place("symbols.csv"),
        ("symbol", "rows", "predicted", "right", "precision", "recall", "f1"),
        (
            (
                details.symbols[index],
                *(str(one[index]) for one in (counts.rows, counts.predicted, counts.right)),
                *("" if ratio[index] != ratio[index] else str(ratio[index]) for ratio in ratios),
            )
            for index in details.occurring()
        ),
    )
    _write_confusion(details, place, title)
    numbers = [(str(errors), str(rows)) for errors, rows in enumerate(details.by_errors.tolist())]
    write_table(place("errors.csv"), ("errors", "sequences"), numbers)
    draw_errors(place("errors.png"), details, title)
    write_table(
        place("worst.csv"),
        ("row", "truth", "predicted", "substituted", "missing", "extra"),
        (
            (str(one.row), one.truth, one.predicted, str(one.substituted), str(one.missing), str(one.extra))
            for one in details.worst
        ),
    )


def _write_confusion(details: SequenceDetails, place: Callable[[str], Path], title: str) -> None:
    chosen = [*details.occurring(), len(details.symbols) - 1]
    names = [details.symbols[index] for index in chosen]
    heading = f"{title}: {details.length:,} symbols"
    found = details.confusion
    if len(chosen) <= MOST_SYMBOLS:
        # By position: there may be symbols that do not occur, such as the blank.
        position = numpy.zeros(len(details.symbols), dtype=numpy.int64)
        position[chosen] = numpy.arange(len(chosen))
        matrix = numpy.zeros((len(chosen), len(chosen)), dtype=numpy.int64)
        matrix[position[found.truth], position[found.predicted]] = found.rows
        rows = ([name, *map(str, row)] for name, row in zip(names, matrix.tolist(), strict=True))
        write_table(place("confusion.csv"), ("truth", *names), rows)
        draw_matrices(place("confusion.png"), matrix[None], names, ("",), heading)
        return
    pairs = pairs_of(found.truth * found.classes + found.predicted, found.rows, found.classes)
    lines = ([details.symbols[pair.truth], details.symbols[pair.predicted], str(pair.rows)] for pair in pairs)
    write_table(place("confusion.csv"), ("truth", "predicted", "rows"), lines)
    draw_pairs(place("confusion.png"), pairs, details.symbols, heading)


def draw_errors(path: Path, details: SequenceDetails, title: str) -> None:
    """Draw how many sequences have how many errors, to a PNG file."""
    figure = new_figure(6.4, 3.6)
    axes = figure.subplots()
    bars = axes.bar(range(len(details.by_errors)), details.by_errors, color=COLORS[0])
    if len(details.by_errors) <= 20:
        axes.bar_label(bars, [f"{count:,}" if count else "" for count in details.by_errors], fontsize=8, padding=1)
        axes.set_xticks(range(len(details.by_errors)))
    axes.margins(y=0.12)
    axes.set_xlabel("errors in a sequence: substituted, missing and extra symbols")
    axes.set_ylabel("sequences")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(picture_text(title, 75), loc="left", fontsize=10)
    write_picture(figure, path)

"""Sequences, and distances of pairs and triplets, as lines of text, for an evaluation."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.cli.output.screen import paragraph, table
from hookline.errors.text import counted, shortened
from hookline.runs.side_by_side.cells import number_text

if TYPE_CHECKING:
    from hookline.trained.evaluation.distances import DistanceDetails
    from hookline.trained.evaluation.sequences import SequenceDetails

MOST_SYMBOLS = 20
"""The number of symbols up to which all are listed; of more, the worst `WORST`."""
WORST = 10
MOST_CONFUSIONS, MOST_SEQUENCES = 5, 5
"""The numbers of confused symbols, and of the worst sequences, that are listed."""
LONGEST = 40
"""The maximum number of characters of a name or a sequence."""


def sequence_lines(details: "SequenceDetails", width: int | None) -> Iterator[str]:
    """Yield the errors of sequences: all together, of each symbol, and those of the worst sequences."""
    if not details.rows:
        return
    named = f"{details.name}: " if details.name else ""
    yield from paragraph(f"{named}{_errors_in_words(details)}", width, "  ")
    yield ""
    yield from _symbols(details, width)
    if pairs := details.confusion.most_confused(MOST_CONFUSIONS):
        yield ""
        yield from paragraph("The most frequent errors, true → predicted:", width, "  ")
        names = details.symbols
        yield from table([(f"  {names[true]} → {names[other]}", f"{count:,}") for true, other, count in pairs], width)
    if details.worst:
        yield ""
        sequences = [("worst rows", "true", "predicted", "errors")]
        sequences += [
            (str(one.row), shortened(one.truth, LONGEST), shortened(one.predicted, LONGEST), str(one.errors))
            for one in details.worst[:MOST_SEQUENCES]
        ]
        yield from table(sequences, width, right=(0, 3))


def _errors_in_words(details: "SequenceDetails") -> str:
    rows, right, length = details.rows, details.right, details.length
    text = f"{right:,} of {counted(rows, 'sequence')} without an error ({right / rows:.1%})."
    if length:
        text += (
            f" {counted(details.errors, 'error')} in {counted(length, 'symbol')} ({details.errors / length:.1%}): "
            f"{details.substituted:,} substituted, {details.missing:,} missing, {details.extra:,} extra."
        )
    if details.empty:
        text += f" Nothing is predicted for {counted(details.empty, 'sequence')}."
    return text


def _symbols(details: "SequenceDetails", width: int | None) -> Iterator[str]:
    """Yield a table of the symbols, or of the worst ones if there are many."""
    from hookline.trained.numbers.confusion import worst

    counts, chosen = details.confusion.by_class(), details.occurring()
    many = len(chosen) > MOST_SYMBOLS
    if many:
        chosen = [index for index in worst(counts, WORST + 1) if index < len(details.symbols) - 1][:WORST]
    ratios = (counts.precision, counts.recall, counts.f1)
    lines = [
        (
            shortened(details.symbols[index], LONGEST),
            f"{counts.rows[index]:,}",
            f"{counts.predicted[index]:,}",
            *("-" if ratio[index] != ratio[index] else f"{ratio[index]:.4f}" for ratio in ratios),
        )
        for index in chosen
    ]
    head = (f"{'worst ' if many else ''}symbols", "rows", "predicted", "precision", "recall", "F1")
    yield from table([head, *lines], width, right=range(1, len(head)))


def distance_lines(details: "DistanceDetails", width: int | None) -> Iterator[str]:
    """Yield how the distances of each group are distributed, and how many triplets are in the right order."""
    from hookline.trained.evaluation.distances import names_of
    from hookline.trained.numbers.distances import distance_summary

    summaries = [distance_summary(values) for values in details.groups.values()]
    title = f"{details.name} {details.quantity}".strip()
    head = (title, "rows" if details.kind != "embeddings" else "pairs", "mean", "std", "5%", "median", "95%")
    lines = [
        (
            shortened(name, LONGEST),
            f"{one.rows:,}",
            number_text(one.mean, 4),
            number_text(one.deviation, 4),
            *(number_text(one.quantiles[fraction], 4) for fraction in (0.05, 0.5, 0.95)),
        )
        for name, one in zip(names_of(details), summaries, strict=True)
    ]
    yield from table([head, *lines], width, right=range(1, len(head)))
    if details.triplets and details.right is not None:
        what = "triplet" if details.kind == "triplets" else "possible triplet"
        yield ""
        text = f"{details.right:,} of {counted(details.triplets, what)} in the right order ({details.share:.1%})."
        yield from paragraph(f"{text} The positive is nearer to the anchor than the negative.", width, "  ")

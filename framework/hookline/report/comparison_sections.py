"""The sections of a report about sequences, and about distances of pairs, triplets and embeddings."""

from collections.abc import Iterator

from hookline.errors.text import counted
from hookline.plots import new_figure
from hookline.report.charts import HEIGHT, WIDTH, chart
from hookline.report.evidence import DistancePredictions, SequencePredictions
from hookline.report.html import Html, h, table
from hookline.report.judgement import short

MOST_SYMBOLS, MOST_PAIRS = 40, 15
"""The maximum numbers of symbols, and of confused pairs of symbols."""


def sequence_section(one: SequencePredictions) -> Iterator[Html]:
    """The errors of sequences, by symbol and by pair."""
    details = one.details
    part = "" if one.is_whole else "first "
    rate = f"{details.errors / details.length:.4f}" if details.length else "not defined"
    share = f"{details.right / details.rows:.4f}" if details.rows else "none"
    text = (
        f"{part}{counted(details.rows, 'sequence')}, of which {details.right:,} ({share}) are predicted without an "
        f"error. {counted(details.errors, 'error')} in {counted(details.length, 'symbol')} ({rate}): "
        f"{details.substituted:,} substituted, {details.missing:,} missing and {details.extra:,} extra."
    )
    yield h("p", text)
    counts = details.confusion.by_class()
    # The symbols that are recognized worst come first; the recall of one without rows is NaN.
    order = sorted(details.occurring(), key=lambda index: (counts.f1[index], -int(counts.rows[index])))
    if len(order) > MOST_SYMBOLS:
        yield h("p", f"The {MOST_SYMBOLS} symbols with the lowest F1, of {len(order):,}:")
    yield table(
        ("symbol", "rows", "predicted", "precision", "recall", "F1"),
        (
            (
                details.symbols[index],
                f"{counts.rows[index]:,}",
                f"{counts.predicted[index]:,}",
                *(_ratio(float(ratio[index])) for ratio in (counts.precision, counts.recall, counts.f1)),
            )
            for index in order[:MOST_SYMBOLS]
        ),
        numbers=range(1, 6),
    )
    pairs = details.confusion.most_confused(MOST_PAIRS)
    if pairs:
        yield h("p", "The most frequent errors:")
        yield table(
            ("true", "predicted", "times"),
            ((details.symbols[true], details.symbols[predicted], f"{count:,}") for true, predicted, count in pairs),
            numbers=(2,),
        )


def distance_section(one: DistancePredictions, name: str) -> Iterator[Html]:
    """How distances are distributed, and the worst triplets."""
    from hookline.trained.evaluation.distance_plots import draw_groups
    from hookline.trained.evaluation.distances import names_of
    from hookline.trained.numbers.distances import distance_summary

    details = one.details
    if details.triplets and details.right is not None:
        part = "" if one.is_whole else "first "
        what = "triplet" if details.kind == "triplets" else "possible triplet"
        yield h(
            "p",
            f"{part}{counted(details.triplets, what)}, of which {details.right:,} ({details.share:.4f}) are in the "
            "right order: the positive is nearer to the anchor than the negative.",
        )
    summaries = zip(names_of(details), map(distance_summary, details.groups.values()), strict=True)
    yield table(
        (details.quantity, "rows", "mean", "standard deviation", "5%", "median", "95%"),
        (
            (
                called,
                f"{found.rows:,}",
                *map(short, (found.mean, found.deviation, *(found.quantiles[part] for part in (0.05, 0.5, 0.95)))),
            )
            for called, found in summaries
        ),
        numbers=range(1, 7),
    )
    figure = new_figure(WIDTH, HEIGHT)
    draw_groups(figure.subplots(), details)
    description = f"Distribution of the {details.quantity}: {', '.join(names_of(details))}"
    yield h("div", chart(figure, name, description), class_="charts")
    if worst := details.worst():
        yield h("p", "The triplets that are farthest from the right order, by their number in the split:")
        rows = ((f"{row}", short(positive), short(negative)) for row, positive, negative in worst)
        yield table(("row", "anchor to positive", "anchor to negative"), rows, numbers=(0, 1, 2))


def _ratio(value: float) -> str:
    return "" if value != value else f"{value:.3f}"

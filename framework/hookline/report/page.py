"""The report of runs as one HTML page that requests nothing."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from hookline.check.load import Loader
from hookline.report.charts import curves
from hookline.report.comparison_judgements import are_comparable, comparison_judgements
from hookline.report.document import document
from hookline.report.evidence import Evidence
from hookline.report.html import Html, details, h, table
from hookline.report.judgement import Judgement
from hookline.report.judgements import checked, judgements
from hookline.report.run_sections import run_sections
from hookline.runs.side_by_side.cells import metric_texts, seconds_text, setting_text
from hookline.runs.side_by_side.comparison import Comparison
from hookline.runs.side_by_side.directions import Directions

FEWEST_GROUPED = 3
"""The number of different judgements of a kind, of different runs, from which they are one item that can be opened."""


def page(runs: Sequence[Evidence], loader: Loader) -> str:
    """The page. All text of the runs is escaped."""
    compared = Comparison([one.run for one in runs])
    directions = Directions()
    title = str(runs[0].run.directory) if len(runs) == 1 else f"{len(runs)} runs"
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    body = [
        h("h1", title),
        h("p", f"Hookline report, {now}", class_="faint"),
        _navigation(runs),
        h("h2", "Judgements", id_="judgements"),
        *_judgements(runs, compared, directions),
    ]
    if len(runs) > 1:
        body += [h("h2", "Runs", id_="runs"), _table(runs, compared, directions)]
    charts = curves(runs, directions)
    body.append(h("h2", "Curves", id_="curves"))
    body.append(h("div", *charts, class_="charts") if charts else h("p", "No epoch is logged."))
    for number, one in enumerate(runs, 1):
        heading = "Run" if len(runs) == 1 else one.label
        body += [h("h2", heading, id_=f"run-{number}"), *run_sections(one, number, loader)]
    return document(f"{title} - Hookline", body)


def _navigation(runs: Sequence[Evidence]) -> Html:
    links = [("judgements", "Judgements"), *([("runs", "Runs")] if len(runs) > 1 else []), ("curves", "Curves")]
    links += [(f"run-{number}", one.label if len(runs) > 1 else "Run") for number, one in enumerate(runs, 1)]
    return h("nav", *(h("a", text, href=f"#{name}") for name, text in links))


def _judgements(runs: Sequence[Evidence], compared: Comparison, directions: Directions) -> Iterator[Html]:
    found: list[tuple[str, Judgement]] = []
    if len(runs) > 1:
        settings = {path: [compared.setting(run, path) for run in compared.runs] for path in compared.settings}
        found += [("", one) for one in comparison_judgements(runs, settings, directions)]
    for run in runs:
        label = run.label if len(runs) > 1 else ""
        known = {one.kind for _, one in found if one.kind == "small split"}  # The runs have the same split.
        found += [(label, one) for one in judgements(run, directions) if one.kind not in known]
    found.sort(key=lambda pair: pair[1].severity != "warning")
    if not found:
        of_all = [list(checked(run)) for run in runs]
        names = [name for name in of_all[0] if all(name in others for others in of_all)]
        yield h("p", f"Nothing conspicuous was found. Checked: {', '.join(names)}.")
        return
    yield h("ul", *_items(found, len(runs)), class_="judgements")


def _items(found: Sequence[tuple[str, Judgement]], runs: int) -> Iterator[Html]:
    """One item for each judgement; one for those of a kind that several runs have."""
    kinds: dict[tuple[str, str], list[tuple[str, Judgement]]] = {}
    for label, one in found:
        kinds.setdefault((one.kind, one.severity), []).append((label, one))
    for group in kinds.values():
        texts: dict[str, list[str]] = {}
        for label, one in group:
            texts.setdefault(one.text, []).append(label)
        if len(texts) < FEWEST_GROUPED:
            yield from (_item(group[0][1], ", ".join(filter(None, labels)), text) for text, labels in texts.items())
            continue
        concerned = len({label for label, _ in group})
        each = (h("li", h("b", ", ".join(labels)), text) for text, labels in texts.items())
        yield _item(group[0][1], f"{concerned} of {runs} runs", details("Show each run", h("ul", *each)))


def _item(one: Judgement, where: str, text: object) -> Html:
    kind = f"{one.kind[0].upper()}{one.kind[1:]}{f' ({where})' if where else ''}"
    return h("li", h("b", kind), text, class_=one.severity)


def _table(runs: Sequence[Evidence], compared: Comparison, directions: Directions) -> Html:
    """The runs side by side. The best value of each metric is bold if the runs have the same data and losses."""
    settings, metrics = compared.settings, compared.metrics
    is_comparable = are_comparable(compared.runs)
    columns: list[list[object]] = [
        [setting_text(compared.setting(run, path)) for run in compared.runs] for path in settings
    ]
    for name in metrics:
        values = [compared.value(run, name) for run in compared.runs]
        texts = metric_texts(values)
        finite = [value for value in values if isinstance(value, float) and value == value]
        higher = directions.higher_is_better(compared.runs[0], name) if is_comparable else None
        best = None if higher is None or len(finite) < 2 else max(finite) if higher else min(finite)
        columns.append(
            [
                h("span", text, class_="best") if value == best else text
                for text, value in zip(texts, values, strict=True)
            ]
        )
    rows = [
        (
            h("a", str(one.run.directory), href=f"#run-{number}"),
            one.run.state,
            "" if one.run.epochs is None else str(one.run.epochs),
            "" if one.run.seconds is None else seconds_text(one.run.seconds),
            *(column[number - 1] for column in columns),
        )
        for number, one in enumerate(runs, 1)
    ]
    heading = ("run", "state", "epochs", "time", *settings, *metrics)
    return table(heading, rows, numbers=(2, 3, *range(4 + len(settings), len(heading))))

"""The table of all trials, which a script sorts and filters."""

from collections.abc import Iterator, Sequence

from hookline.report.html import Html, h, join
from hookline.runs.side_by_side.cells import metric_texts, seconds_text
from hookline.runs.side_by_side.comparison import MISSING
from hookline.spec.space.domains import Choices, Range
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.space import Parameter
from hookline.tuning.pictures.trials import Trials

Cell = tuple[str, float | str]
"""The text of a cell, and by what it is sorted."""


def trial_table(trials: Trials) -> Html:
    """The trials with their states, results and values; those of no other choice are empty."""
    best = {record.number for record in trials.best}
    columns = list(_columns(trials))
    head = h("tr", *(_heading(name, cells) for name, cells in columns))
    rows = []
    for index, record in enumerate(trials.records):
        is_best = record.number in best
        cells = (_cell(name, column[index]) for name, column in columns)
        classes = f"{record.state}{' best' if is_best else ''}"
        rows.append(h("tr", *cells, data_trial=record.number, class_=classes, id_=f"trial-{record.number}"))
    search = h("input", type="search", id_="filter", placeholder="  ".join(_examples(trials)), autocomplete="off")
    controls = h("p", h("label", "Show trials with ", search), " ", h("span", id_="shown", aria_live="polite"))
    listed = h("table", h("thead", head), h("tbody", *rows), id_="trials")
    return join((h("div", controls, class_="controls"), h("div", listed, class_="scroll tall", tabindex="0")))


def _examples(trials: Trials) -> Iterator[str]:
    """A word and conditions by which these trials can be filtered."""
    yield trials.records[0].state
    for kind in (Choices, Range):
        one = next((one for one in trials.parameters if isinstance(one.domain, kind)), None)
        if one is not None:
            record = next(record for record in trials.records if one.name in record.values)
            is_named = isinstance(one.domain, Choices)
            yield f"{trials.names[one.name]}{'=' if is_named else '>'}{trials.text(one, record)}"


def _heading(name: str, cells: Sequence[Cell]) -> Html:
    button = h("button", name, type="button", title="Sort")
    return h("th", button, scope="col", class_="number" if _is_of_numbers(cells) else None, data_name=name)


def _is_of_numbers(cells: Sequence[Cell]) -> bool:
    return all(isinstance(order, (int, float)) for text, order in cells if text)


def _cell(name: str, cell: Cell) -> Html:
    text, order = cell
    is_number = isinstance(order, (int, float))
    shown = order if not is_number or order == order else ""
    content = h("span", text, class_="reason") if name == "reason" else text
    return h("td", content, class_="number" if is_number else None, data_value=shown if text != str(shown) else None)


def _columns(trials: Trials) -> Iterator[tuple[str, list[Cell]]]:
    """The name and the cells of each column."""
    records = trials.records
    yield "trial", [(str(one.number), one.number) for one in records]
    yield "state", [(one.state, one.state) for one in records]
    for index, name in enumerate(trials.plan.monitors):
        cells = _results([None if one.results is None else one.results[index] for one in records])
        pairs = zip(records, cells, strict=True)
        yield name, [(f"~{text}" if text and one.is_rounded else text, order) for one, (text, order) in pairs]
    yield "epochs", [(str(one.epochs), one.epochs) for one in records]
    yield "time", [(seconds_text(one.seconds), one.seconds) for one in records]
    for parameter in trials.parameters:
        yield trials.names[parameter.name], [_value(one, parameter) for one in records]
    if any(one.reason for one in records):
        yield "reason", [((one.reason or "").strip().split("\n")[0],) * 2 for one in records]


def _results(numbers: Sequence[float | None]) -> list[Cell]:
    if all(number is None or float(number).is_integer() for number in numbers):
        texts = ["" if number is None else f"{number:,.0f}" for number in numbers]
    else:
        texts = metric_texts([MISSING if number is None else number for number in numbers])
    return [(text.strip(), "" if number is None else number) for text, number in zip(texts, numbers, strict=True)]


def _value(record: TrialRecord, parameter: Parameter) -> Cell:
    if parameter.name not in record.values:
        return "", ""
    value = record.values[parameter.name]
    text = parameter.text(value)
    domain = parameter.domain
    is_named = isinstance(domain, Choices) and (isinstance(value, (str, bool)) or domain.labels is not domain.choices)
    return text, text if is_named else value

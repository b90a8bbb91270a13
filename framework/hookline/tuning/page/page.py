"""The page about a study: its best trials, its pictures, all trials, and the best spec."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files

from attrs import frozen

from hookline.errors.text import counted
from hookline.report.document import document
from hookline.report.html import Html, details, h
from hookline.report.judgement import short
from hookline.spec.space.record import TrialRecord
from hookline.tuning.page.best_spec import best_spec
from hookline.tuning.page.charts import course_charts, front_charts, history_charts, parallel_chart, slice_charts
from hookline.tuning.page.trial_table import trial_table
from hookline.tuning.pictures.trials import Trials

PAGE = "tune.html"
"""The page, in the directory of the study."""

MOST_BEST = 12
"""The number of best trials that are listed."""


@frozen(kw_only=True)
class StudyTexts:
    """The texts of the page about a study, in addition to its trials."""

    title: str
    """The name of the study."""
    directory: str
    """Its directory."""
    findings: Sequence[str]
    """Sentences about the trials."""
    before: str
    """The spec of the study without its search, as TOML."""
    best: str | None
    """The spec of the best trial, as TOML."""


def page(trials: Trials, texts: StudyTexts) -> str:
    """The page. All text of the study is escaped."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    body = [
        h("h1", texts.title),
        h("p", f"Hookline study in {texts.directory}, {now}", class_="faint"),
        h("p", _states(trials)),
        h("h2", "Result"),
        *_result(trials, texts.findings),
        h("h2", "Pictures"),
        h("p", "Point at a trial to see its values, here and in the table.", class_="faint script"),
        *history_charts(trials),
        *_row(front_charts(trials)),
        *parallel_chart(trials),
        *_row(course_charts(trials)),
        *_slices(trials),
        h("h2", "Trials"),
        trial_table(trials),
    ]
    if texts.best is not None:
        changes, whole = best_spec(texts.before, texts.best)
        body += [h("h2", "Best spec"), h("p", f"Trial {trials.best[0].number}, best.toml:"), changes, whole]
    body.append(h("div", id_="tip", hidden=""))
    return document(f"{texts.title} - Hookline", body, style=_file("tune.css"), script=_file("tune.js"))


def _states(trials: Trials) -> str:
    states = Counter(record.state for record in trials.records)
    listed = ", ".join(f"{count:,} {state}" for state, count in states.items())
    ended = f"{len(trials.records):,} of {counted(trials.plan.trials, 'trial')} ended: {listed}."
    names = zip(trials.plan.monitors, trials.plan.maximized, strict=True)
    goal = " and the ".join(f"{'highest' if up else 'lowest'} {name}" for name, up in names)
    return f"{ended} The search is for the {goal}."


def _result(trials: Trials, findings: Sequence[str]) -> Iterator[Html]:
    if not trials.best:
        yield h("p", "No trial has a result.")
    else:
        kind = "Best" if len(trials.plan.monitors) == 1 else "Not beaten by any other"
        yield h("p", f"{kind}:")
        yield h("ul", *(_best(record, trials) for record in trials.best[:MOST_BEST]))
        if len(trials.best) > MOST_BEST:
            yield h("p", f"and {len(trials.best) - MOST_BEST} more, which are bold in the table.")
    if findings:
        yield h("ul", *(h("li", finding) for finding in findings), class_="judgements")


def _best(record: TrialRecord, trials: Trials) -> Html:
    numbers = ", ".join(
        f"{name} {short(number)}" for name, number in zip(trials.plan.monitors, record.results or (), strict=True)
    )
    values = ", ".join(
        f"{trials.names[one.name]} {trials.text(one, record)}" for one in trials.parameters if one.name in record.values
    )
    values = values or "the spec's own values"
    link = h("a", f"trial {record.number}", href=f"#trial-{record.number}")
    return h("li", link, ": ", h("b", numbers), f"; {values}")


def _row(charts: Iterator[Html]) -> Iterator[Html]:
    listed = list(charts)
    if listed:
        yield h("div", *listed, class_="charts")


def _slices(trials: Trials) -> Iterator[Html]:
    """The slices of the first number, and those of the others after a click."""
    for monitor, name in enumerate(trials.plan.monitors):
        charts = h("div", *slice_charts(trials, monitor), class_="charts slices")
        yield charts if monitor == 0 else details(f"{name} by the values of each parameter", charts)


def _file(name: str) -> str:
    return files("hookline.tuning.page").joinpath(name).read_text(encoding="utf-8")

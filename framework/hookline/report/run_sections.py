"""The sections of a report about one run: metrics, settings, plan, environment and notes."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hookline.check.load import Loader
from hookline.errors.exceptions import HooklineError
from hookline.errors.text import counted
from hookline.report.evidence import Evidence
from hookline.report.html import Html, details, h, join, table
from hookline.report.predicted.prediction_sections import predictions
from hookline.report.settings import changed_settings
from hookline.runs.directory import SPEC
from hookline.runs.side_by_side.cells import metric_texts, seconds_text
from hookline.runs.side_by_side.comparison import MISSING
from hookline.runs.side_by_side.summary import RunSummary


def run_sections(evidence: Evidence, number: int, loader: Loader) -> Iterator[Html]:
    """All sections about a run; `number` is its place in the report."""
    run = evidence.run
    yield h("p", *_outcome(run), class_="faint")
    yield h("h3", "Final metrics")
    yield _metrics(run)
    yield predictions(evidence, f"run {number}")
    yield h("h3", "Settings that differ from the defaults")
    yield _settings(run, loader)
    yield h("h3", "Plan")
    yield from _plan(run)
    yield h("h3", "Environment")
    yield _environment(run)
    notes = _notes(run)
    if notes:
        yield h("h3", "Notes")
        yield h("ul", *(h("li", note) for note in notes))


def _outcome(run: RunSummary) -> Iterator[str]:
    yield f"{run.directory}: {run.state}"
    if run.epochs is not None:
        yield f", {counted(run.epochs, 'epoch')}"
    if run.seconds is not None:
        yield f", {seconds_text(run.seconds)}"
    weights = (run.result or {}).get("weights")
    if isinstance(weights, dict):
        yield f". Saved weights: {weights.get('source')}, epoch {weights.get('epoch')}, step {weights.get('step')}"
    yield "."


def _metrics(run: RunSummary) -> Html:
    """The metrics of the saved weights in each split, and below them what was logged of other weights."""
    logged = [h("p", text, class_="faint") for text in _logged((run.result or {}).get("logged"))]
    if not run.metrics:
        return join((h("p", "There are none."), *logged))
    splits = list(dict.fromkeys(name.partition("/")[0] for name in run.metrics))
    labels = list(dict.fromkeys(name.partition("/")[2] for name in run.metrics))
    rows: list[Sequence[object]] = [
        (label, *metric_texts([run.metrics.get(f"{split}/{label}", MISSING) for split in splits])) for label in labels
    ]
    return join((table(("", *splits), rows, numbers=range(1, len(splits) + 1)), *logged))


def _logged(splits: Any) -> Iterator[str]:
    """What `result.json` says of other weights than the saved ones, a sentence for each split."""
    for split, entry in splits.items() if isinstance(splits, dict) else ():
        numbers = entry.get("metrics") if isinstance(entry, dict) else None
        if isinstance(numbers, dict) and numbers:
            shown = (
                f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                for name, value in numbers.items()
            )
            yield f"Of other weights, {split} split, {entry.get('measured')}: {', '.join(shown)}."


def _settings(run: RunSummary, loader: Loader) -> Html:
    try:
        text = (run.directory / SPEC).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return h("p", f"{SPEC} cannot be read.")
    whole = details("The complete spec", h("pre", text))
    try:
        changed = changed_settings(run, loader)
    except HooklineError as error:
        reason = h("p", f"The defaults are not known, because the spec cannot be loaded: {error}", class_="faint")
        return join((reason, whole))
    rows = [(one.path, one.value, one.default) for one in changed]
    return join((table(("setting", "value", "default"), rows), whole))


def _plan(run: RunSummary) -> Iterator[Html]:
    lock = run.lock
    if not lock:
        yield h("p", "There is no readable run.lock.toml.")
        return
    layers = _tables(lock, "layers")
    parameters = sum(size for layer in layers if isinstance(size := layer.get("parameters"), int))
    rows = lock.get("rows")
    counts = ", ".join(f"{name} {size:,}" for name, size in rows.items()) if isinstance(rows, dict) else "not known"
    yield h("p", f"{counted(parameters, 'parameter')} in {counted(len(layers), 'layer')}. Rows: {counts}.")
    listed = table(
        ("layer", "type", "output", "parameters"),
        (
            (
                layer.get("name", ""),
                layer.get("type", ""),
                _shape(layer.get("output")),
                f"{layer.get('parameters', '')}",
            )
            for layer in layers
        ),
        numbers=(3,),
    )
    yield listed if len(layers) <= 30 else details("All layers", listed)
    groups = [
        (group.get("name", ""), f"{group.get('parameters', '')}", _options(group.get("options")))
        for group in _tables(lock, "groups")
    ]
    yield details("Optimizer", table(("group", "parameters", "options"), groups, numbers=(1,)))
    called = [(stage, "; ".join(map(_implementation, plugins))) for stage, plugins in lock["stages"].items()]
    yield details("Stages and plugins", table(("stage", "called"), called))


def _tables(lock: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = lock.get(name)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _implementation(one: Mapping[str, Any]) -> str:
    """A plugin that is called in a stage."""
    how = "wraps" if one.get("is_wrapper") else "answers"
    return (
        f"{one.get('plugin')} ({', '.join(str(part) for part in (one.get('release'), how, one.get('limits')) if part)})"
    )


def _shape(output: Any) -> str:
    return " × ".join(map(str, output)) if isinstance(output, list) else "" if output is None else str(output)


def _options(options: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in options.items()) if isinstance(options, dict) else ""


def _environment(run: RunSummary) -> Html:
    environment = run.lock.get("environment") or (run.result or {}).get("versions")
    rows = [(name, str(value)) for name, value in environment.items()] if isinstance(environment, dict) else []
    plugins = [
        (f"plugin {plugin['name']}", f"{plugin.get('version') or plugin.get('file') or ''}")
        for plugin in _tables(run.lock, "plugins")
        if plugin.get("name") != "hookline"
    ]
    return table((), [*rows, *plugins])


def _notes(run: RunSummary) -> list[str]:
    result = run.result or {}
    notes = result.get("notes")
    said = [result.get("error"), result.get("stopped"), *(notes if isinstance(notes, list) else [])]
    return [*(str(note) for note in said if note), *run.problems]

"""A plan as text: what would run, from the stages to the memory."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from hookline.cli.output.plans.initialized_lines import initialized_lines
from hookline.cli.output.screen import paragraph, table
from hookline.errors.printing import printable
from hookline.errors.text import counted, quoted
from hookline.spec.dump import as_toml

if TYPE_CHECKING:
    from hookline.data.prepared_column import PreparedColumn
    from hookline.runs.plan.effects import Effect
    from hookline.runs.plan.plan import Plan
    from hookline.runs.plan.split_counts import SplitCounts
    from hookline.runs.plan.used_plugins import Implementation, UsedPlugin

MOST_CLASSES = 10
"""The largest number of classes to list: of more, the most frequent and the rarest ones."""

MOST_COLUMNS = 40
"""The largest number of columns that are shown as text."""


def plan_lines(plan: "Plan", width: int | None = None) -> Iterator[str]:
    """A plan as text, in lines of at most `width` characters."""
    sections = (_run, _plugins, _stages, _effects, _columns, _layers, _initialized, _groups, _tracing, _memory)
    texts = [lines for section in sections if (lines := list(section(plan, width)))]
    for index, lines in enumerate(texts):
        if index:
            yield ""
        yield from lines


def _run(plan: "Plan", width: int | None) -> Iterator[str]:
    """The length of the run, and its components."""
    epochs, known = counted(plan.epochs, "epoch"), plan.steps_per_epoch
    steps = "an unknown number of steps" if known is None else counted(known, "step")
    limits = f", {plan.limits}" if plan.limits else ""
    first = f"{plan.name}: {epochs} of {steps}{limits} on {plan.environment['device']}, seed {plan.seed}"
    yield from paragraph(first, width, then="  ")
    named = {section: ", ".join(types) for section, types in plan.components.items()}
    more = {"data": f": {_rows(plan)}", "model": f", {counted(plan.parameters, 'parameter')}"}
    yield from table(((section, types + more.get(section, "")) for section, types in named.items()), width)
    if plan.split_counts is not None:
        yield from _splits(plan.split_counts, plan.rows, width)


def _rows(plan: "Plan") -> str:
    """The rows of each split, those that are dropped, and how they are read."""
    rows = ", ".join(f"{f'{rows:,}' if rows else 'unknown'} rows for {split}" for split, rows in plan.rows.items())
    dropped = "".join(
        f"; {counted(count, 'row')} dropped, whose {as_toml(column)} is missing"
        for column, count in plan.dropped.items()
    )
    return f"{rows}{dropped}{f'; {plan.reading}' if plan.reading else ''}"


def _splits(counts: "SplitCounts", rows: Mapping[str, int], width: int | None) -> Iterator[str]:
    """The rows of each class in each split, and those that are in none."""
    notes = [f"{counted(number, 'row')} in no split: {reason}" for reason, number in counts.left_out.items()]
    if counts.sampled is not None:
        notes.append(f"{counted(counts.sampled, 'row')} drawn with replacement for each training epoch")
    for note in notes:
        yield from paragraph(f"  {note}", width, then="    ")
    for target, by_split in counts.classes.items():
        yield ""
        yield "Rows of each class" if len(counts.classes) == 1 else f"Rows of each class of {quoted(target)}"
        names = list(next(iter(by_split.values())))
        # The most frequent and the rarest classes say most.
        order = sorted(names, key=lambda name: -by_split["training"][name]) if "training" in by_split else names
        hidden = len(order) - MOST_CLASSES if len(order) > MOST_CLASSES + 1 else 0
        shown = order[: MOST_CLASSES // 2] + order[len(order) - MOST_CLASSES // 2 :] if hidden else names
        lines = [
            (printable(name), *(f"{of[name]:,} ({_percent(of[name], rows[split])})" for split, of in by_split.items()))
            for name in shown
        ]
        if hidden:
            lines.insert(MOST_CLASSES // 2, (f"… {hidden:,} more", *([""] * len(by_split))))
        yield from table([("class", *by_split), *lines], width, right=tuple(range(1, len(by_split) + 1)))


def _percent(count: int, rows: int) -> str:
    return f"{100 * count / max(1, rows):.1f}%"


def _plugins(plan: "Plan", width: int | None) -> Iterator[str]:
    yield "Plugins"
    yield from table(((plugin.name, _release(plugin)) for plugin in plan.plugins), width)


def _stages(plan: "Plan", width: int | None) -> Iterator[str]:
    """The stages, with the plugins that answer and wrap them. The plugins that answer most stages are stated once."""
    yield "Stages in calling order"
    yield from paragraph(f"  {', '.join(plan.stages)}", width, then="  ")
    answers = {
        stage: ", then ".join(_named(one) for one in implementations if not one.is_wrapper)
        for stage, implementations in plan.stages.items()
    }
    usual = Counter(answers.values()).most_common(1)[0][0]
    own = [(stage, answer) for stage, answer in answers.items() if answer != usual]
    yield ""
    yield "Plugins that answer them"
    yield from table([*own, ("all others" if own else "all", usual)], width)
    wrappers = [
        ("" if index else stage, _named(one))
        for stage, implementations in plan.stages.items()
        for index, one in enumerate(one for one in implementations if one.is_wrapper)
    ]
    if wrappers:
        yield ""
        yield "Wrappers of stages, from the outside in"
        yield from table(wrappers, width)


def _named(one: "Implementation") -> str:
    details = ", ".join(part for part in (one.release, one.limits) if part)
    return f"{one.plugin} ({details})" if details else one.plugin


def _effects(plan: "Plan", width: int | None) -> Iterator[str]:
    if plan.effects:
        yield from paragraph("Files and connections (paths relative to the run directory)", width)
        yield from table(((effect.component, _effect(effect)) for effect in plan.effects), width)


def _columns(plan: "Plan", width: int | None) -> Iterator[str]:
    if plan.columns:
        yield "Columns of the data, with the number of inputs that each becomes"
        cells = map(_cells, plan.columns[:MOST_COLUMNS])
        yield from table([("column", "kind", "inputs", "training rows"), *cells], width, right=(2,))
        if (others := len(plan.columns) - MOST_COLUMNS) > 0:
            yield f"  and {counted(others, 'other')}: `--format json` lists all of them."


def _cells(column: "PreparedColumn") -> tuple[str, str, str, str]:
    """What becomes of a column."""
    what = "missing, rows dropped" if column.drops_missing else "missing"
    known = [column.knows] if column.knows else []
    known += [f"{column.missing:,} {what}"] if column.missing else []
    inputs = "any" if column.inputs is None else f"{column.inputs:,}"
    return column.name, column.kind, inputs, "; ".join(known)


def _layers(plan: "Plan", width: int | None) -> Iterator[str]:
    yield "Model, with output shapes for one row"
    layers = [
        (layer.name or "model", layer.type, _shape(layer.output), f"{layer.parameters:,}") for layer in plan.layers
    ]
    yield from table([("layer", "type", "output", "parameters"), *layers], width, right=(3,))


def _initialized(plan: "Plan", width: int | None) -> Iterator[str]:
    if plan.initialized_from is not None:
        yield from initialized_lines(plan.initialized_from, width)


def _groups(plan: "Plan", width: int | None) -> Iterator[str]:
    yield "Parameter groups"
    groups = ((group.name, f"{group.parameters:,} parameters", _options(group.options)) for group in plan.groups)
    yield from table(groups, width)


def _tracing(plan: "Plan", width: int | None) -> Iterator[str]:
    if traced := [sentence for sentence in (plan.tracing, plan.traced_evaluation) if sentence is not None]:
        yield "Tracing"
        for sentence in traced:
            yield from paragraph(f"  {sentence}", width, then="  ")


def _memory(plan: "Plan", width: int | None) -> Iterator[str]:
    memory = plan.memory
    if memory is None:
        yield "Memory, estimated: unknown"
        return
    yield f"Memory, estimated: {'' if memory.optimizer is not None else 'at least '}{_size(memory.total)}"
    parts = ("data", "parameters", "gradients", "optimizer", "activations")
    yield from table(((name, _size(getattr(memory, name))) for name in parts), width, right=(1,))


def _release(plugin: "UsedPlugin") -> str:
    if plugin.distribution:
        return f"{plugin.distribution} {plugin.version}"
    return plugin.file or "an object"


def _effect(effect: "Effect") -> str:
    known = [f"writes {name}" for name in effect.writes_to] + [f"contacts {name}" for name in effect.connects_to]
    unknown = [] if effect.is_declared else ["does not declare what it writes and contacts"]
    return "; ".join([*known, *unknown])


def _shape(shape: Sequence[int] | None) -> str:
    if shape is None:
        return "not called"
    return " × ".join(map(str, shape)) or "1"


def _options(options: Mapping[str, object]) -> str:
    """Options on one line, without those that are false."""
    return ", ".join(f"{name} {as_toml(value)}" for name, value in options.items() if value is not False)


def _size(size: int | None) -> str:
    """Bytes in a suitable unit."""
    if size is None:
        return "unknown"
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"

"""The model card of a deployed model: https://huggingface.co/docs/hub/model-cards."""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from hookline.errors import counted, enumerate_names
from hookline.spec import Predicted
from hookline.training import Deployment

MOST_COLUMNS = 40
"""The largest number of columns that the card lists."""
MOST_CLASSES = 30
"""The largest number of classes that the card lists."""

HUB_METRICS = {
    "Accuracy": "accuracy",
    "F1Score": "f1",
    "Precision": "precision",
    "Recall": "recall",
    "AUROC": "roc_auc",
    "MatthewsCorrCoef": "matthews_correlation",
    "MeanSquaredError": "mse",
    "MeanAbsoluteError": "mae",
    "R2Score": "r_squared",
}
"""The names of metrics on the hub."""


@frozen(kw_only=True)
class Card:
    """What the author of a model says about it."""

    repo_id: str
    """The repository on the hub."""
    license: str | None
    """The license."""
    tags: tuple[str, ...]
    """Further tags."""
    intended_use: str
    """What it is meant for."""
    limitations: str
    """What it is not good for."""


def model_card(deployment: Deployment, card: Card) -> str:
    """Return the card in Markdown, with the metadata of the hub."""
    spec = deployment.spec
    samples = deployment.signature.samples
    lines = ["---", *_metadata(deployment, card), "---", "", f"# {spec.run.name}", ""]
    lines += [f"A model in PyTorch (`{type(spec.model).__name__}`) that {_task(samples)}, trained with Hookline.", ""]
    lines += ["## Data", "", *_data(deployment), ""]
    lines += ["## Metrics", "", *_metrics(deployment.metrics), ""]
    use = card.intended_use or f"It {_task(samples)} for rows from the same source as its training rows."
    lines += ["## Intended use", "", use, "", "## Limitations", "", *_limitations(deployment, card), ""]
    lines += ["## How to load it", "", *_loading(card)]
    return "\n".join(lines) + "\n"


def _metadata(deployment: Deployment, card: Card) -> Iterator[str]:
    """Yield the metadata as YAML, whose values are JSON."""
    known: dict[str, Any] = {"library_name": "hookline"}
    tag = _pipeline_tag(deployment)
    if tag is not None:
        known["pipeline_tag"] = tag
    if card.license is not None:
        known["license"] = card.license
    known["tags"] = list(dict.fromkeys(["hookline", "pytorch", *card.tags]))
    metrics = [
        {"type": HUB_METRICS[name], "value": value, "name": f"{split} {name}"}
        for split, name, value in _known(deployment)
    ]
    if metrics:
        known["metrics"] = list(dict.fromkeys(metric["type"] for metric in metrics))
    if metrics and tag is not None:
        task = {"type": tag, "name": tag.replace("-", " ").capitalize()}
        dataset = {"type": type(deployment.spec.data).__name__.lower(), "name": _source(deployment)}
        results = [{"task": task, "dataset": dataset, "metrics": metrics}]
        known["model-index"] = [{"name": deployment.spec.run.name, "results": results}]
    for name, value in known.items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"


def _pipeline_tag(deployment: Deployment) -> str | None:
    """Return the task of the hub, if it has one for these inputs and outputs."""
    kinds = {sample.kind for sample in deployment.signature.samples.values()}
    prepared = deployment.data.preparation.values()
    what = "tabular" if any("columns" in one for one in prepared) else None
    if any("images" in one for one in prepared):
        what = "image"
    elif what and all(_is_text(one) for one in prepared):
        what = "text"
    if kinds == {"embeddings"}:
        return {"image": "image-feature-extraction", "text": "feature-extraction"}.get(str(what))
    if kinds <= {"classes", "labels"} and what is not None:
        return f"{what}-classification"
    return "tabular-regression" if kinds == {"numbers"} and what == "tabular" else None


def _is_text(prepared: Mapping[str, Any]) -> bool:
    """Whether all columns of a group of inputs are text."""
    kinds = prepared.get("kinds", {})
    return all(kinds.get(name, {}).get("type") in ("Tokens", "HashingVectorizer") for name in prepared["columns"])


def _task(samples: Mapping[str, Predicted]) -> str:
    """Return what the model does, as the rest of a sentence."""
    parts = []
    for key, sample in samples.items():
        columns = enumerate_names(sample.known.columns) if sample.known.columns else f'"{key}"'
        verbs = {"classes": "predicts the class", "labels": "predicts the labels", "sequences": "predicts the sequence"}
        verb = verbs.get(sample.kind, "predicts")
        if sample.kind == "embeddings":
            parts.append("embeds rows as vectors")
        elif sample.kind == "triplets":
            parts.append("says which of two rows is more similar to a third")
        else:
            parts.append(f"{verb} {columns}")
    return " and ".join(dict.fromkeys(parts))


def _data(deployment: Deployment) -> Iterator[str]:
    rows = deployment.data.rows
    splits = ", ".join(f"{count:,} {split}" for split, count in rows.items())
    yield f"{type(deployment.spec.data).__name__}: {_source(deployment)}. Rows: {splits}."
    for name, target in deployment.data.targets.items():
        if target.classes is None:
            continue
        given = zip(target.classes, target.counts or [None] * len(target.classes), strict=False)
        listed = [f"{one}" if count is None else f"{one} ({count:,})" for one, count in given]
        more = f" and {counted(len(listed) - MOST_CLASSES, 'other')}" if len(listed) > MOST_CLASSES else ""
        counts = ", with their number of training rows" if target.counts else ""
        yield ""
        called = enumerate_names(target.columns or (name,))
        yield f"Classes of {called}{counts}: {', '.join(listed[:MOST_CLASSES])}{more}."
    columns = [
        (column, one.get("kinds", {}).get(column, {}).get("type") or ("standardized" if "mean" in one else "as it is"))
        for one in deployment.data.preparation.values()
        for column in one.get("columns", ())
    ]
    if columns:
        yield from ("", "| column | prepared as |", "|---|---|")
        yield from (f"| {_cell(name)} | {kind} |" for name, kind in columns[:MOST_COLUMNS])
        if len(columns) > MOST_COLUMNS:
            yield from ("", f"There are {counted(len(columns) - MOST_COLUMNS, 'other column')}.")


def _metrics(metrics: Mapping[str, float]) -> Iterator[str]:
    """Yield a table with a row for each metric, and a column for each split."""
    splits = list(dict.fromkeys(name.partition("/")[0] for name in metrics))
    names = list(dict.fromkeys(name.partition("/")[2] for name in metrics))
    if not names:
        yield "None are known."
        return
    yield from (f"| metric | {' | '.join(splits)} |", f"|---|{'---|' * len(splits)}")
    for name in names:
        cells = [metrics.get(f"{split}/{name}") for split in splits]
        yield f"| {name} | {' | '.join('' if cell is None else f'{cell:.5g}' for cell in cells)} |"
    if "test" in splits:
        yield from ("", "Only the test rows had no influence on the training and on the choice of the weights.")


def _limitations(deployment: Deployment, card: Card) -> Iterator[str]:
    if card.limitations:
        yield from (card.limitations, "")
    rows = deployment.data.rows.get("training", 0)
    yield f"- It was trained on {counted(rows, 'row')}. Rows from another source may differ, and so may the metrics."
    if "test" not in deployment.data.rows:
        yield "- There was no test split, so that the metrics are better than those of new rows."
    if any("kinds" in one for one in deployment.data.preparation.values()):
        yield "- It refuses missing cells and unseen categories in columns whose options do not allow them."
    counts = [target.counts for target in deployment.data.targets.values() if target.counts]
    if any(max(one) > 3 * max(1, min(one)) for one in counts):
        yield "- Its classes are unbalanced: see the numbers of training rows above. Rare classes are predicted worse."


def _loading(card: Card) -> Iterator[str]:
    yield from (
        "```python",
        "import hookline",
        "from huggingface_hub import snapshot_download",
        "",
        f'run = hookline.open_run(snapshot_download("{card.repo_id}"))',
        'print(run.predict("rows.csv"))  # or a DataFrame, or a list of dictionaries',
        "```",
        "",
        "The weights in `model.safetensors` have the names of the model's `state_dict`, and `config.json` says how to",
        "prepare the inputs, for those who use neither.",
    )


def _known(deployment: Deployment) -> list[tuple[str, str, float]]:
    """Return the metrics that the hub knows: split, name and value. Those of the training rows say least."""
    given = [(*name.partition("/")[::2], value) for name, value in deployment.metrics.items()]
    kinds = {metric.label: type(metric).__name__ for metric in deployment.spec.metrics}
    return [
        (split, kinds[name], value)
        for split, name, value in given
        if split != "training" and kinds.get(name) in HUB_METRICS and math.isfinite(value)
    ]


def _source(deployment: Deployment) -> str:
    """Return the name of the file or folder with the data, without the folders around it."""
    path = getattr(deployment.spec.data, "path", None)
    return path.name if isinstance(path, Path) else "the source of the run"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")

"""The page with a form for a row. It requests nothing but predictions, and works without a network."""

import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from attrs import evolve

from hookline.data.json_rows.row_field import RowField
from hookline.report.document import hash_for_policy, own_style
from hookline.report.html import Html, details, h, join
from hookline.serving.http.limits import MIB, Limits
from hookline.serving.served import Served

MOST_FIELDS = 200
"""The largest number of cells for which a form is readable; a row with more is written as JSON."""

UNIT = re.compile(r"[(\[]([^()\[\]]+)[)\]]$")
"""The unit at the end of the name of a column, such as "Body Mass (g)"."""


def page(predictor: Served, limits: Limits) -> str:
    """Return the page. All text of the run is escaped."""
    example = predictor.example or {}
    needed = (field for field in predictor.fields if field.is_needed)
    fields = [evolve(field, example=example.get(field.name, field.example)) for field in needed]
    titles = predictor.titles
    title = ", ".join(titles.values())
    heading = f"Predict {title}" if title else "Predict a row"
    config = {
        "outputs": [
            {"name": one.name, "what": one.what, "target": one.target, "label": one.label} for one in predictor.outputs
        ],
        "titles": {"": title, **titles},
        "units": {name: unit for name, text in {"": title, **titles}.items() if (unit := _unit(text))},
    }
    form = h(
        "form",
        h("div", *map(_cell, fields) if len(fields) <= MOST_FIELDS else [_as_json(predictor.example)], class_="cells"),
        h("div", h("button", "Predict", type="submit"), h("button", "Reset", type="reset"), class_="buttons"),
        novalidate=None,
        id_="form",
    )
    body = [
        h("h1", heading),
        h("p", predictor.about, class_="faint"),
        h("div", form, h("section", id_="answer", aria_live="polite", aria_label="Prediction"), class_="sides"),
        details("From a program", *_for_programs(predictor.example is not None, limits)),
        h("script", _json(config), type="application/json", id_="config"),
        h("script", _file("page.js")),
    ]
    head = join(
        (
            h("meta", charset="utf-8"),
            h("meta", name="viewport", content="width=device-width, initial-scale=1"),
            h("link", rel="icon", href="data:,"),
            h("title", f"{heading} - Hookline"),
            h("style", Html(_style())),
        )
    )
    return f"<!DOCTYPE html>\n{h('html', h('head', head), h('body', *body), lang='en')}\n"


def policy(text: str) -> str:
    """Return the Content-Security-Policy of the page: its own script and style, and requests to its server."""
    script = hash_for_policy(re.findall(r"<script>(.*?)</script>", text, re.DOTALL)[0])
    style = hash_for_policy(_style())
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; img-src data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _for_programs(has_example: bool, limits: Limits) -> list[Html]:  # noqa: FBT001
    accepted = (
        f"A request is a row or a list of rows: at most {limits.rows:,} rows and {limits.body_bytes / MIB:g} MiB. "
    )
    links = [
        h("a", "All paths, to try", href="docs"),
        h("a", "OpenAPI", href="openapi.json"),
        h("a", "JSON Schema of a row", href="schema"),
    ]
    return [
        h("p", accepted, "This is the row in the form:" if has_example else ""),
        h("pre", id_="command"),
        h("p", join(links, Html(" · "))),
        h("p", "The last answer:"),
        h("pre", "None yet.", id_="raw"),
    ]


def _cell(field: RowField) -> Html:
    """Return a cell of the form with its label."""
    id_ = f"cell-{hashlib.sha256(field.name.encode()).hexdigest()[:12]}"
    known: dict[str, Any] = {"id_": id_, "name": field.name, "data_cell": field.cell}
    known["data_missing"] = "yes" if field.may_be_missing else None
    known["required"] = None if field.may_be_missing else "required"
    label = h("label", field.name, h("small", " optional") if field.may_be_missing else "", for_=id_)
    if field.cell == "boolean" and not field.may_be_missing:
        del known["required"]
        box = h("input", type="checkbox", checked="checked" if field.example else None, **known)
        return h("div", box, label, class_="cell check")
    return h("div", label, _control(field, known), h("p", class_="problem", hidden="hidden"), class_=_width(field))


def _control(field: RowField, known: Mapping[str, Any]) -> Html:
    example = field.example
    if field.cell == "boolean":
        return _select({"true": "yes", "false": "no"}, "true" if example else "false", known, may_be_missing=True)
    if field.choices and field.is_closed:
        choices = {choice: choice for choice in field.choices}
        return _select(choices, str(example), known, may_be_missing=field.may_be_missing)
    if field.cell == "image":
        return join((h("input", type="file", accept="image/*", **known), h("img", class_="preview", alt="", hidden="")))
    if field.cell == "list":
        return h("textarea", json.dumps(example), rows=3, spellcheck="false", **known)
    kinds = {"number": "number", "integer": "number", "date": "date", "time": "datetime-local"}
    step = {"number": "any", "integer": "1", "time": "1"}.get(field.cell)
    value = "" if example is None else f"{example:.15g}" if isinstance(example, float) else str(example)
    if not field.choices:
        return h("input", type=kinds.get(field.cell, "text"), step=step, value=value, autocomplete="off", **known)
    listed = f"{known['id_']}-choices"
    options = h("datalist", *(h("option", value=choice) for choice in field.choices), id_=listed)
    return join((h("input", type="text", list=listed, value=value, autocomplete="off", **known), options))


def _select(choices: Mapping[str, str], chosen: str, known: Mapping[str, Any], *, may_be_missing: bool) -> Html:
    options = [
        h("option", text, value=value, selected="selected" if value == chosen else None)
        for value, text in choices.items()
    ]
    if may_be_missing:
        options.append(h("option", "(missing)", value="", data_null="yes"))
    return h("select", *options, **known)


def _as_json(row: Mapping[str, Any] | None) -> Html:
    """Return a single cell for the whole row."""
    label = h("label", "The row as JSON", for_="row")
    area = h("textarea", json.dumps(row or {}, indent=1), id_="row", data_cell="row", rows=16, spellcheck="false")
    return h("div", label, area, h("p", class_="problem", hidden="hidden"), class_="cell wide")


def _width(field: RowField) -> str:
    is_long = field.cell == "list" or (field.cell == "text" and not field.choices)
    return "cell wide" if is_long else "cell"


def _unit(name: str) -> str:
    """Return the unit in the name of a column; empty if there is none.

    >>> _unit("Body Mass (g)")
    'g'
    """
    found = UNIT.search(name)
    return found[1] if found else ""


def _json(value: Any) -> Html:
    """Return JSON for a script element, which no text in it can close."""
    return Html(json.dumps(value).replace("<", "\\u003c"))


def _style() -> str:
    return f"{own_style()}{_file('page.css')}"


def _file(name: str) -> Html:
    return Html(files("hookline.serving.http").joinpath(name).read_text(encoding="utf-8"))

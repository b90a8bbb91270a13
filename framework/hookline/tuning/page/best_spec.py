"""The best spec, and how it differs from the spec of the study."""

import difflib

from hookline.report.html import Html, details, h

CONTEXT = 2
"""The number of equal lines around those that differ."""


def best_spec(before: str, best: str) -> tuple[Html, Html]:
    """The lines that differ between two specs, and the whole second one after a click."""
    lines = difflib.unified_diff(before.splitlines(), best.splitlines(), n=CONTEXT, lineterm="")
    shown = [_line(line) for index, line in enumerate(lines) if index > 1]
    changes = h("pre", *shown, class_="diff") if shown else h("p", "It is the spec of the study, without its search.")
    return changes, details("The whole spec", h("pre", best))


def _line(line: str) -> Html:
    kinds = {"+": "added", "-": "removed", "@": "hunk"}
    text = "…" if line.startswith("@") else line
    return h("span", f"{text}\n", class_=kinds.get(line[:1]))

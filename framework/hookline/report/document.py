"""An HTML document that requests nothing."""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from hookline.report.html import Html, h, join

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy: a browser refuses every request of the page, and every script but its own."""


def document(title: str, body: Sequence[object], *, style: str = "", script: str = "") -> str:
    """A page in the style of the reports, with its own additional style and script."""
    allowed = f"; script-src '{hash_for_policy(script)}'" if script else ""
    head = join(
        (
            h("meta", charset="utf-8"),
            h("meta", http_equiv="Content-Security-Policy", content=f"{POLICY}{allowed}"),
            h("meta", name="viewport", content="width=device-width, initial-scale=1"),
            h("meta", name="referrer", content="no-referrer"),
            h("title", title),
            h("style", Html(f"{own_style()}{style}")),
        )
    )
    last = [h("script", Html(script))] if script else []
    return f"<!DOCTYPE html>\n{h('html', h('head', head), h('body', *body, *last), lang='en')}\n"


def own_style() -> str:
    """The style of all pages."""
    return files("hookline.report").joinpath("style.css").read_text(encoding="utf-8")


def hash_for_policy(text: str) -> str:
    """The hash by which a Content-Security-Policy allows a script or a style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

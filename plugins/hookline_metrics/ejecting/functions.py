"""The function of a metric in a script: its name, its docstring and its lines."""

import re
import textwrap
from collections.abc import Sequence

from hookline.script import Script
from hookline.spec import MetricSpec


def add_function(
    script: Script,
    metric: MetricSpec,
    lines: Sequence[str],
    documentation: str = "",
    arguments: str = "predicted, true",
) -> str:
    """Add the function of a metric, and return its name. The docstring is the first line of that of the metric."""
    name = function_name(type(metric).__name__)
    text = docstring(documentation or (type(metric).__doc__ or "").splitlines()[0])
    body = "\n".join(f"    {line}" for line in lines)
    if "math." in body:
        script.use("import math")
    return script.define(f"def {name}({arguments}):\n{text}\n{body}")


def function_name(kind: str) -> str:
    """Return the name of a function for a class.

    >>> function_name("F1Score"), function_name("MeanAbsoluteError")
    ('f1_score', 'mean_absolute_error')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()


def docstring(sentences: str) -> str:
    """Return the lines of a docstring of a function."""
    lines = textwrap.wrap(sentences, 110)
    if len(lines) == 1:
        return f'    """{sentences}"""'
    return "\n".join([f'    """{lines[0]}', *(f"    {line}" for line in lines[1:]), '    """'])

"""The core names no built-in plugin or component, except in examples: it finds them like those of third parties."""

import ast
import re
from pathlib import Path

import hookline
from hookline.plugins.manager import BUILT_IN, Plugins

CORE = Path(hookline.__file__).parent
NAMES = {kind.__name__ for kind in Plugins().catalog} | set(BUILT_IN)

EXAMPLES = {
    "check/toml/not_specs.py": {"Arrow", "CSV", "NPZ", "Parquet"},  # How to use such a file that is given as a spec.
    "check/toml/slips.py": {"Arrays"},  # A word of a message.
    "cli/drafts/plugin.py": {"Adam", "CrossEntropyLoss", "Tanh"},  # The example spec of `hookline new plugin`.
    "cli/finished/evaluate.py": {"AUROC", "CSV", "F1Score", "NPZ", "Parquet"},  # Examples.
    "cli/finished/predict.py": {"CSV", "NPZ", "Parquet"},  # The file formats.
    "cli/output/table_files.py": {"CSV"},  # The file format.
    "cli/specs/explain.py": {"EarlyStopping"},
    "cli/specs/new.py": {"Arrow", "CSV", "NPZ", "Parquet"},  # The file formats.
    "cli/specs/show.py": {"Conv2d"},
    "data/array_blocks.py": {"NPZ"},  # The file format.
    "errors/kinds/of_runs.py": {"CSV", "Flatten"},
    "errors/kinds/of_specs.py": {  # A test checks that each example has the mistake.
        *(
            "Accuracy",
            "Adam",
            "CSV",
            "CrossEntropyLoss",
            "EarlyStopping",
            "R2Score",
            "SGD",
            "StepLR",
            "StochasticWeightAveraging",
        ),
    },
    "plots/figures.py": {"Date"},  # A key of the metadata of PNG files.
    "plugins/manager.py": set(BUILT_IN),  # The list of the plugins that are always loaded.
    "report/judgements.py": {"EarlyStopping"},
    "trained/chosen_target.py": {"Safetensors"},
    "trained/evaluation/added_metrics.py": {"F1Score"},
    "trained/evaluation/rate_plots.py": {"Precision"},  # A word of a title.
    "trained/resume.py": {"Checkpoint"},  # What to list in a spec.
    "training/planning/optimizer_state.py": {"LBFGS"},  # torch's own class, in an annotation.
    "training/tracing/graphs/running/intermediate.py": {"Number"},  # A number in a trace.
    "training/tracing/graphs/running/sources.py": {"Number"},
}
"""The examples in help and messages by module, and the list of built-in plugins."""


def words_in(tree):
    """The identifiers of a module, and the words in its string literals except docstrings."""
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        # An attribute, as in `torch.optim.SparseAdam`, is a name in another package.
        for field in ("id", "name", "arg", "asname", "value"):
            if isinstance(text := getattr(node, field, None), str) and node not in docstrings:
                yield from re.findall(r"\w+", text)


def named_in(file):
    """The built-in plugins and components that a file names."""
    return NAMES.intersection(words_in(ast.parse(file.read_text(encoding="utf-8"))))


def test_the_core_names_built_in_plugins_and_components_only_in_examples():
    files = {file.relative_to(CORE).as_posix(): file for file in CORE.rglob("*.py")}
    assert {name: found for name, file in files.items() if (found := named_in(file))} == EXAMPLES


def test_words_in_literals_are_found_and_docstrings_are_skipped():
    module = '"""Adam"""\nclass SGD:\n    """Linear"""\ndef f(x):\n    x: Conv2d = f"use CrossEntropyLoss, {x.NPZ}"'
    assert NAMES.intersection(words_in(ast.parse(module))) == {"SGD", "Conv2d", "CrossEntropyLoss"}

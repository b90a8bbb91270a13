"""Scripts in the making."""

import ast

from hookline.script import Code, Script, constructor, literal
from hookline.script.python import split_at_commas, wrapped


def test_literals_are_python():
    values = [1, 1.5, "it's", 'say "no"', "a\nb", (1,), [None, True], {"a": (1, 2)}, -0.0, "\\d"]
    for value in values:
        assert ast.literal_eval(literal(value)) == value
    assert literal([float("inf"), float("-inf")]) == '[float("inf"), float("-inf")]'


def test_options_with_torchs_defaults_are_omitted():
    from torch import nn, optim

    options = {"in_features": 4, "out_features": 2, "bias": True}
    assert constructor("nn.Linear", nn.Linear, options) == "nn.Linear(4, 2)"
    assert constructor("nn.Linear", nn.Linear, {**options, "bias": False}) == "nn.Linear(4, 2, bias=False)"
    adam = {"params": Code("model.parameters()"), "fused": True, "lr": 0.01, "betas": (0.9, 0.999)}
    assert constructor("Adam", optim.Adam, adam) == "Adam(model.parameters(), lr=0.01, fused=True)"


def test_long_comprehensions_are_wrapped_at_their_clauses():
    line = "names = [one for name, one in pairs if one in several]"
    assert list(wrapped(line, 30)) == [
        "names = [",
        "    one",
        "    for name, one in pairs",
        "    if one in several",
        "]",
    ]


def test_long_lines_are_wrapped_at_brackets_outside_strings():
    line = 'names = call("a, (b", [1, 2], {"key": value})'
    assert list(wrapped(line, 30)) == ["names = call(", '    "a, (b",', "    [1, 2],", '    {"key": value},', ")"]
    assert split_at_commas('f(1, "]"), {2: 3}') == ['f(1, "]")', "{2: 3}"]


def test_equal_functions_are_defined_once_and_others_get_a_number():
    script = Script(seed=0, epochs=1, dtype="float32")
    assert script.define("def mean(x):\n    return x\n") == "mean"
    assert script.define("def mean(x):\n    return x\n") == "mean"
    assert script.define("def mean(x):\n    return mean(x) + 1\n") == "mean_2"
    assert "def mean_2(x):\n    return mean_2(x) + 1" in script.text('"""A script."""')


def test_imports_are_sorted():
    script = Script(seed=0, epochs=1, dtype="float32")
    script.use("from torch import nn", "import torch", "import numpy as np", "from copy import deepcopy", "import math")
    script.use("from torch.optim.swa_utils import update_bn", "from torch.optim.swa_utils import SWALR, AveragedModel")
    assert script.text('"""A script."""').splitlines()[:10] == [
        '"""A script."""',
        "",
        "import math",
        "from copy import deepcopy",
        "",
        "import numpy as np",
        "import torch",
        "from torch import nn",
        "from torch.optim.swa_utils import SWALR, AveragedModel, update_bn",
        "",
    ]

"""A correct plugin passes every check; a plugin with one mistake fails exactly the checks for it."""

import re
import warnings
from pathlib import Path

import pytest

import hookline
from hookline.plugins.sources.local import from_file
from hookline.testing.conformity import cases
from hookline.testing.outcomes import NotApplicable, NotConforming

LOSS = '''
"""Focal loss."""

from hookline import hookimpl
from hookline.data import Batch, Classes, Data, Encoding, Outputs
from hookline.spec import LossSpec, option, spec


@hookimpl
def register_specs():
    """The loss."""
    return [FocalLoss]


@spec
class FocalLoss(LossSpec):
    """Cross-entropy that gives little weight to rows that are already classified well."""

    gamma: float = option(default=2.0, minimum=0)
    """How fast the weight falls."""

    activation = "softmax"

    @property
    def encoding(self) -> Encoding:
        """One class among several."""
        return Classes()

    def build(self, data: Data):
        """The criterion."""
        import torch

        gamma = self.gamma

        class Focal(torch.nn.Module):
            def forward(self, outputs, target):
                logarithms = outputs.log_softmax(dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
                return (-((1 - logarithms.exp()) ** gamma) * logarithms).mean()

        return Focal()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """There must be an output for each class."""
        if outputs.shape != (batch.rows, len(data.target.classes)):
            raise ValueError(f"There must be {len(data.target.classes)} outputs, and they are {tuple(outputs.shape)}.")
'''

OPTIMIZER = '''
"""Momentum."""

from hookline import hookimpl
from hookline.spec import OptimizerSpec, option, spec


@hookimpl
def register_specs():
    """The optimizer."""
    return [Momentum]


@spec
class Momentum(OptimizerSpec):
    """Goes on in the direction of the mean gradient."""

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""

    def build(self, parameters):
        """The optimizer."""
        import torch

        class Momentum(torch.optim.Optimizer):
            @torch.no_grad()
            def step(self, closure=None):
                for group in self.param_groups:
                    for parameter in group["params"]:
                        if parameter.grad is not None:
                            mean = self.state[parameter].setdefault("mean", torch.zeros_like(parameter))
                            mean.lerp_(parameter.grad, 0.1)
                            parameter.sub_(mean, alpha=group["lr"])

        return Momentum(parameters, {"lr": self.lr})
'''

CALLBACK = '''
"""Counts steps."""

from hookline import hookimpl
from hookline.spec import CallbackSpec, spec


@hookimpl
def register_specs():
    """The callback."""
    return [Count]


@spec
class Count(CallbackSpec):
    """Counts steps, and logs how many there were."""

    def build(self):
        """The callback, which counts."""
        return _Count()


class _Count:
    def __init__(self):
        self.steps = 0

    @hookimpl(wrapper=True)
    def step(self):
        """Count."""
        answer = yield
        self.steps += 1
        return answer

    @hookimpl(wrapper=True)
    def log(self):
        """Add the number."""
        record = yield
        return {**record, "count": self.steps}

    def state_dict(self):
        """The number."""
        return {"steps": self.steps}

    def load_state_dict(self, state):
        """Go on from another number."""
        self.steps = state["steps"]
'''

METRIC = '''
"""How far predictions are off."""

from hookline import hookimpl
from hookline.spec import MetricSpec, spec


@hookimpl
def register_specs():
    """The metric."""
    return [Off]


@spec
class Off(MetricSpec):
    """The mean distance of prediction and target."""

    higher_is_better = False

    def build(self, loss, predictions):
        """The metric."""
        return _Off()


class _Off:
    def __init__(self):
        self.reset()

    def reset(self):
        self.total, self.rows = 0.0, 0

    def to(self, device):
        return self

    def update(self, predictions, targets):
        self.total += float((predictions - targets).abs().mean()) * len(targets)
        self.rows += len(targets)

    def compute(self):
        import torch

        return torch.tensor(self.total / self.rows)
'''

DATA = '''
"""Even numbers."""

from hookline import hookimpl
from hookline.data import Data, TensorBatches, in_memory
from hookline.spec import DataSpec, option, spec


@hookimpl
def register_specs():
    """The data source."""
    return [Even]


@spec
class Even(DataSpec):
    """Numbers, and whether each is even."""

    rows: int = option(default=20, minimum=2)
    """How many numbers there are."""

    def prepare(self, run, loss):
        """Count."""
        import numpy
        import torch

        numbers = torch.arange(self.rows).float().unsqueeze(1)
        targets = {"training": {"target": {"even": numpy.arange(self.rows) % 2}}}
        return in_memory(self, run, loss, {"training": {"input": numbers}}, targets)
'''

GOOD = {"loss": LOSS, "optimizer": OPTIMIZER, "callback": CALLBACK, "metric": METRIC, "data": DATA}


@pytest.fixture
def failures(tmp_path):
    """The failures of a plugin with this source: messages by the names of the checks."""

    def checked(source, *examples, imports=True):
        path = tmp_path / "focal.py"
        path.write_text(source)
        found = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plugin = from_file(path)
        for case in cases(plugin, *examples):
            if case.name.startswith("imports") and not imports:
                continue
            try:
                case()
            except NotConforming as error:
                found[case.name] = str(error)
            except NotApplicable:
                pass
        return found

    return checked


def changed(kind, *changes):
    source = GOOD[kind]
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source


@pytest.mark.parametrize("kind", GOOD)
def test_a_correct_plugin_passes(failures, kind):
    assert failures(GOOD[kind]) == {}


BAD = [
    ("loss", [('"""Focal loss."""', "import torch")], {"imports_without_torch": r"imports torch.*focal\.py, line 2\)"}),
    ("loss", [('"""Focal loss."""', 'print("hello")')], {"imports_without_side_effects": 'It prints "hello"'}),
    (
        "loss",
        [('"""Focal loss."""', 'open("left.txt", "w").close()')],
        {"imports_without_side_effects": r"It opens left\.txt for writing \(.*focal\.py, line 2\)"},
    ),
    (
        "loss",
        [('"""Focal loss."""', 'import os\nos.environ["SEED"] = "1"')],
        {"imports_without_side_effects": "It changes the environment variables"},
    ),
    (
        "loss",
        [('"""Focal loss."""', "import random\nrandom.seed(0)")],
        {"imports_without_side_effects": "It changes the state of `random`"},
    ),
    (
        "loss",
        [('"""Focal loss."""', "import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''])")],
        {"imports_without_side_effects": r"It runs a command: .* \(.*focal\.py, line 3\)"},
    ),
    (
        "loss",
        [('"""Focal loss."""', 'import warnings\nwarnings.warn("Old.")')],
        {"imports_without_side_effects": r"It warns: Old\."},
    ),
    (
        "loss",
        [('    """Cross-entropy that gives little weight to rows that are already classified well."""\n', "")],
        {"is_valid": "FocalLoss, which has no docstring"},
    ),
    (
        "loss",
        [("classified well.", "classified well")],
        {"FocalLoss-documented": "must start with a sentence that ends with a period"},
    ),
    (
        "loss",
        [('    """How fast the weight falls."""\n', "")],
        {"FocalLoss-documented": '"gamma" of FocalLoss has no docstring'},
    ),
    (
        "loss",
        [("gamma: float = option(default=2.0, minimum=0)", "gamma = option(default=2.0)")],
        {"is_valid": "without a type"},
    ),
    (
        "loss",
        [("option(default=2.0, minimum=0)", "2.0")],
        {"FocalLoss-bounded": '"gamma" of FocalLoss is a number without bounds'},
    ),
    (
        "loss",
        [
            ("minimum=0)", "minimum=-1)"),
            ("        gamma = self.gamma\n", "        gamma = self.gamma\n        assert gamma >= 0\n"),
        ],
        {"FocalLoss-bounded": r"FocalLoss\(gamma=-1\.0\) is within its bounds but fails"},
    ),
    (
        "loss",
        [("default=2.0, minimum=0", "minimum=0")],
        {
            "FocalLoss-bounded": "pass an example to the kit, `conform",
            "FocalLoss-trains": r"`conform\(…, FocalLoss\(gamma=…\)\)`",
            "FocalLoss-gradients": "required options: pass an example",
            "FocalLoss-parts": "required options: pass an example",
            "FocalLoss-shapes": "required options: pass an example",
        },
    ),
    (
        "loss",
        [
            (
                "@hookimpl\ndef register_specs",
                "def select_los(): ...\n\n@hookimpl\ndef select_los(run): ...\n\n@hookimpl\ndef register_specs",
            )
        ],
        {"is_valid": '"select_los", which is not a stage'},
    ),
    (
        "loss",
        [("@hookimpl\ndef register_specs", "@hookimpl\ndef loss(output): ...\n\n@hookimpl\ndef register_specs")],
        {"is_valid": '"loss" takes "output", which this stage does not'},
    ),
    ("loss", [("outputs.log_softmax", "outputs.detach().log_softmax")], {"FocalLoss-trains": "does not require grad"}),
    (
        "loss",
        [("(1 - logarithms.exp())", "(1 - logarithms.exp().detach())")],
        {"FocalLoss-gradients": "do not match its values"},
    ),
    (
        "loss",
        [("logarithms).mean()", "logarithms).sum()")],
        {"FocalLoss-parts": 'set `divided_by = "nothing"` in the class if it is a sum over rows'},
    ),
    (
        "loss",
        [('activation = "softmax"', 'activaton = "softmax"')],
        {
            "is_valid": r"has `activaton`, which Hookline does not use. Did you mean `activation`\?.*focal\.py, line 15\)"
        },
    ),
    (
        "loss",
        [("def build(", "def buid(")],
        {"is_valid": r"has `buid`, which Hookline does not use. Did you mean `build`\?"},
    ),
    (
        "loss",
        [("    def build(self, data: Data):", "    def make(self, data: Data):")],
        {"FocalLoss-trains": r"NotImplementedError: FocalLoss has no `build`\."},
    ),
    (
        "loss",
        [
            ("    @property\n    def encoding(self) -> Encoding:", "    encoding = Classes\n\n    def _unused(self):"),
        ],
        {"is_valid": r"sets `encoding = Classes`, which must be an Encoding: write `encoding = Classes\(\)`"},
    ),
    (
        "loss",
        [("return Classes()", "return Classes")],
        {"FocalLoss-trains": r"`encoding` of FocalLoss must be an encoding"},
    ),
    (
        "loss",
        [("option(default=2.0, minimum=0)", "option(default=-2.0, minimum=0)")],
        {"is_valid": r'"gamma" with a default that its bounds do not allow\. -2 is out of bounds'},
    ),
    (
        "loss",
        [('activation = "softmax"', 'activation = "softmax"\n    divided_by = "weights"')],
        {"FocalLoss-trains": r'FocalLoss is divided by "weights" but has no `divisor`'},
    ),
    (
        "loss",
        [
            ("        if outputs.shape != (batch.rows, len(data.target.classes)):", "        if False:"),
            (
                "outputs.log_softmax(dim=1).gather(1, target.unsqueeze(1)).squeeze(1)",
                "outputs.reshape(len(outputs), -1).tanh()[:, 0] * (target + 1)",
            ),
        ],
        {"FocalLoss-shapes": "which torch broadcasts: raise a ValueError in `check`"},
    ),
    (
        "loss",
        [
            (
                "        return Focal()",
                "        FocalLoss.count = getattr(FocalLoss, 'count', 0) + 1\n        gamma = 2 + 0.1 * FocalLoss.count\n        return Focal()",
            )
        ],
        {"FocalLoss-repeats": "no class or module may keep state of the previous training"},
    ),
    (
        "loss",
        [
            (
                "                return (-((1",
                "                import random\n                return random.random() * (-((1",
            )
        ],
        {
            "FocalLoss-repeats": "random numbers must come from torch's generator",
            "FocalLoss-gradients": "do not match",
            "FocalLoss-parts": "two halves",
        },
    ),
    (
        "loss",
        [
            (
                "    @property\n    def encoding",
                '    def __attrs_post_init__(self):\n        object.__setattr__(self, "gamma", self.gamma + 1)\n\n    @property\n    def encoding',
            )
        ],
        {"FocalLoss-is_written_and_read": "is different after it is read back"},
    ),
    (
        "loss",
        [
            (
                "                logarithms =",
                '                raise RuntimeError("Never.")\n                logarithms =',
            )
        ],
        {"FocalLoss-trains": r'The stage "loss" failed \(.*focal\.py, line 37\): RuntimeError: Never\.'},
    ),
    (
        "optimizer",
        [
            (
                'self.state[parameter].setdefault("mean", torch.zeros_like(parameter))',
                "means.setdefault(id(parameter), torch.zeros_like(parameter))",
            ),
            ("        class Momentum", "        means = {}\n\n        class Momentum"),
        ],
        {
            "Momentum-resumes": r'optimizer \(Momentum\), in step 2, in the stage "step"\. Everything that a step depends'
        },
    ),
    (
        "optimizer",
        [("                            parameter.sub_", "                            0 and parameter.sub_")],
        {"Momentum-trains": "changes no parameter of the model"},
    ),
    (
        "optimizer",
        [
            (
                '"mean", torch.zeros_like(parameter))',
                '"mean", torch.zeros_like(parameter))\n                            self.state[parameter]["function"] = _kept',
            ),
            ("@spec", "def _kept():\n    pass\n\n\n@spec"),
        ],
        {
            "Momentum-state_dict": "cannot be saved: it may contain only tensors, numbers",
            "Momentum-resumes": r"state\.0\.function has the type function, which a checkpoint cannot hold",
        },
    ),
    (
        "callback",
        [("        answer = yield\n", "        yield\n        answer = None\n")],
        {"Count-trains": r"a wrapper must return the value of its `yield`"},
    ),
    (
        "callback",
        [('self.steps = state["steps"]', "pass")],
        {
            "Count-state_dict": "has a different `state_dict` after loading one",
            "Count-resumes": r"callbacks\.0 \(Count\): steps, in step 2\. Attributes that differ: `steps` \(1, and 0",
        },
    ),
    (
        "callback",
        [("    def load_state_dict(self, state):", "    def load(self, state):")],
        {
            "Count-state_dict": "has `state_dict` but no `load_state_dict`",
            "Count-resumes": r'callbacks\.0 \(Count\), after step \d, in the stage "log"',
        },
    ),
    (
        "callback",
        [("def state_dict", "def state"), ("def load_state_dict", "def load")],
        {"Count-resumes": r"callbacks\.0 \(Count\), after step \d, in the stage \"log\".* `steps` \(\d, and 0 after"},
    ),
    (
        "callback",
        [
            ("        self.steps = 0\n", "        self.steps, self.draw = 0, random.Random(1)\n"),
            ('"count": self.steps}', '"count": self.steps, "noise": self.draw.random()}'),
            ("from hookline import hookimpl", "import random\n\nfrom hookline import hookimpl"),
        ],
        {
            "Count-resumes": r'callbacks\.0 \(Count\), after step 6, in the stage "log"\. Attributes that differ: `draw`\.'
        },
    ),
    (
        "metric",
        [("* len(targets)", ""), ("self.rows += len(targets)", "self.rows += 1")],
        {"Off-batches": "must accumulate what `compute` needs for all rows"},
    ),
    (
        "metric",
        [
            ("    higher_is_better = False\n", "    higher_is_better = False\n    joins_batches = True\n"),
            ("torch.tensor(self.total / self.rows)", "self.total / self.rows"),
        ],
        {"Off-batches": r"in updates with 1 row, .*: do not set `joins_batches`"},
    ),
    (
        "metric",
        [
            ("    higher_is_better = False\n", "    higher_is_better = False\n    resets = True\n"),
            (
                "        self.reset()\n\n    def reset(self):\n",
                "        self.reset()\n        self.rows = 0\n\n    def reset(self):\n",
            ),
            ("self.total, self.rows = 0.0, 0", "self.total = 0.0"),
        ],
        {"Off-batches": r"Off is .* after `reset`, but .* if its object is built anew: `reset` must remove all rows"},
    ),
    (
        "data",
        [
            ("        return in_memory(", "        made = in_memory("),
            (
                "}, targets)",
                "}, targets)\n        epoch = made.training.epoch\n        made.training.epoch = lambda number, start=0: epoch(int(torch.randint(99, (1,))) + 1, start)\n        return made",
            ),
        ],
        {
            "Even-order": "their order must depend only on seed and epoch",
            "Even-resumes": r"generator torch, after step 1\. The batches of an epoch must follow from the seed",
        },
    ),
    (
        "data",
        [
            ("        return in_memory(", "        made = in_memory("),
            (
                "}, targets)",
                "}, targets)\n        epoch = made.training.epoch\n        made.training.epoch = lambda number, start=0: epoch(number)\n        return made",
            ),
        ],
        {
            "Even-order": "from the middle of an epoch differ from those of the whole epoch",
            "Even-resumes": r"data \(Even\), after step 1\. The batches of an epoch must follow from the seed",
        },
    ),
    (
        "data",
        [
            (
                "    def prepare",
                '    def check(self, loss):\n        """Whether the number is odd."""\n        yield OptionError("rows", "The number of rows must be odd.")\n\n    def prepare',
            ),
            (
                "from hookline.spec import DataSpec",
                "from hookline.errors import OptionError\nfrom hookline.spec import DataSpec",
            ),
        ],
        {"Even-check": "rejects data that can be used for training. The number of rows must be odd."},
    ),
    (
        "callback",
        [
            (
                "    @hookimpl(wrapper=True)\n    def log",
                '    @hookimpl(wrapper=True)\n    def fit(self, run):\n        """Be in the way."""\n        run.steps = run.steps_per_epoch\n        return (yield)\n\n    @hookimpl(wrapper=True)\n    def log',
            )
        ],
        {"Count-trains": r'"callbacks\[0\] Count" failed in the stage "fit" \(.*focal\.py, line \d+\): AttributeError'},
    ),
]


@pytest.mark.parametrize(("kind", "changes", "expected"), BAD)
def test_a_plugin_with_one_mistake_fails_for_that_reason(failures, kind, changes, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Importing a plugin takes a process. The plugins without a mistake show that only such a mistake is reported there.
    found = failures(changed(kind, *changes), imports=any(name.startswith("imports") for name in expected))
    assert set(found) == set(expected), found
    for name, pattern in expected.items():
        assert re.search(pattern, found[name]), found[name]


def test_an_example_replaces_missing_defaults(failures, tmp_path):
    source = changed("loss", ("default=2.0, minimum=0", "minimum=0"))
    spec = tmp_path / "focal.toml"
    spec.write_text(
        """
        data = {type = "CSV", path = "IRIS", targets = "species"}
        model = {type = "Linear", out_features = 3}
        loss = {type = "FocalLoss", gamma = 1.0}
        optimizer = {type = "SGD", lr = 0.1}
        """.replace("IRIS", str(Path("specs/data/iris.csv").absolute()))
    )
    assert failures(source, spec) == {}


def test_useless_examples_are_reported(failures, tmp_path):
    iris = hookline.load("specs/iris.toml")
    assert failures(LOSS, iris) == {"examples": "The example TrainingSpec uses no component of hookline_file_focal."}
    (tmp_path / "bad.toml").write_text("[data]\n")
    found = failures(LOSS, tmp_path / "bad.toml")
    assert list(found) == ["examples"]
    assert found["examples"].startswith(f"An example cannot be read. {tmp_path}/bad.toml:1:1")


def test_conform_creates_a_case_for_each_check(pytester):
    pytester.makepyfile(
        focal=LOSS, test_focal="import focal\nfrom hookline.testing import conform\n\ntest_it = conform(focal)\n"
    )
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q", "-k", "FocalLoss")
    result.assert_outcomes(passed=11, skipped=1, deselected=5)
    bad = changed("loss", ("outputs.log_softmax", "outputs.detach().log_softmax"))
    pytester.makepyfile(focal=bad)
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-q", "-k", "gradients or FocalLoss-trains")
    said = [line for line in result.outlines if line.startswith("A small training with FocalLoss fails.")]
    assert len(said) == 1  # The summary repeats it after the name of the test, where lines are not truncated.
    assert said[0].startswith('A small training with FocalLoss fails. The stage "backward" failed: RuntimeError')


NOISY = '''

from hookline.spec import LayerSpec


@spec
class Noise(LayerSpec):
    """Adds noise in evaluation too."""

    def build(self, inputs):
        """The module."""
        import torch

        class Noise(torch.nn.Module):
            def forward(self, inputs):
                return NOISE

        return Noise()
'''
NOISY_SPEC = """
[data]
type = "Random"
features = 4
targets = [0, 1, 2, 0, 1, 2]
[model]
type = "Sequential"
layers = [{ type = "Linear", out_features = 3 }, { type = "Noise" }]
[loss]
type = "FocalLoss"
[optimizer]
type = "SGD"
"""


@pytest.mark.parametrize(
    ("noise", "not_applicable"),
    [
        ("inputs + torch.randn(inputs.shape)", None),
        (
            "inputs @ torch.randn(3, 3)",
            "The model of the training cannot be computed in double precision, which the check needs.",
        ),
    ],
)
def test_noise_in_a_model_is_not_attributed_to_the_loss(tmp_path, noise, not_applicable):
    text = LOSS.replace("return [FocalLoss]", "return [FocalLoss, Noise]") + NOISY.replace("NOISE", noise)
    (tmp_path / "noisy.py").write_text(text)
    (tmp_path / "spec.toml").write_text(NOISY_SPEC)
    made = {case.name: case for case in cases(from_file(tmp_path / "noisy.py"), str(tmp_path / "spec.toml"))}
    if not_applicable is None:
        made["FocalLoss-gradients"]()
        return
    with pytest.raises(NotApplicable) as reason:
        made["FocalLoss-gradients"]()
    assert str(reason.value).startswith(not_applicable)


def test_a_loss_for_a_single_precision_is_reported(tmp_path):
    text = LOSS.replace("return (-((1", "return torch.ones(len(target)) @ (-((1").replace(".mean()", " / len(target)")
    (tmp_path / "single.py").write_text(text)
    made = {case.name: case for case in cases(from_file(tmp_path / "single.py"))}
    with pytest.raises(NotConforming, match="FocalLoss cannot be computed in double precision: give every tensor"):
        made["FocalLoss-gradients"]()

"""Break each path, bound, choice and key of search spaces in turn. `test_space_mutations.py` runs this without torch.

For each mutation it is known at which characters it is. What `hookline check` says of it must be a single problem that
begins exactly there, and contains what would mend it. The counts are printed as JSON.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from mutations import typos_of

from hookline.check.load import Loader
from hookline.check.toml.document import from_source
from hookline.check.toml.spans import scan
from hookline.errors.exceptions import SpecError
from hookline.errors.source import Source
from hookline.spec.training import SEVERAL

ROOT = Path(__file__).parents[2]

BEGIN = f"""\
[run]
epochs = 3
name = "mutated"
[data]
type = "CSV"
path = "{ROOT}/specs/data/breast_cancer.csv"
targets = "diagnosis"
validation = 0.2
batch_size = 32
standardize = true
[model]
type = "Sequential"
layers = [{{ type = "Linear", out_features = 16 }}, {{ type = "ReLU" }}, {{ type = "Dropout", p = 0.2 }}, {{ type = "Linear" }}]
[loss]
type = "BCEWithLogitsLoss"
[optimizer]
type = "AdamW"
[[metrics]]
type = "Accuracy"
[[callbacks]]
type = "EarlyStopping"
patience = 2
monitor = "validation/loss"
[tune]
type = "{{type}}"
trials = 6
monitor = {{monitor}}
{{more}}
"""

SPACES = {
    "inline": """\
[tune.space]
"optimizer" = [
    { type = "SGD", lr = { low = 1e-3, high = 1.0, log = true }, momentum = { low = 0.0, high = 0.99 } },
    { type = "AdamW", lr = { low = 1e-5, high = 1e-2, log = true }, weight_decay = { choices = [0.0, 0.01] } },
]
"model.layers.0.out_features" = { low = 8, high = 256, log = true }
"data.batch_size" = [16, 32, 64]
"model.layers.Dropout.p" = { low = 0.0, high = 0.5, step = 0.1 }
"callbacks.EarlyStopping.patience" = { low = 1, high = 9, step = 2 }
""",
    "nested": """\
[tune.space.optimizer]
lr = { low = 0.001, high = 0.1, log = true }
betas = [[0.9, 0.999], [0.8, 0.99]]
[tune.space.data]
batch_size = { choices = [16, 32] }
standardize = [true, false]
[tune.space."model.layers.1"]
choices = [{ type = "ReLU" }, { type = "LeakyReLU", negative_slope = { low = 0.0, high = 0.3 } }]
""",
    "layers": """\
[tune.space]
"model.layers" = [
    [{ type = "Linear", out_features = { low = 4, high = 64 } }, { type = "Linear" }],
    [
        { type = "Linear", out_features = { low = 4, high = 64, step = 4 } },
        { type = "ReLU" },
        { type = "Linear" },
    ],
]
"optimizer.weight_decay" = { low = 0.0, high = 0.1 }
""",
}

HEADS = {
    "inline": {"type": "RandomSearch", "monitor": '"validation/loss"', "more": ""},
    "nested": {
        "type": "Optuna",
        "monitor": '"validation/Accuracy"',
        "more": 'sampler = { type = "TPESampler" }\npruner = { type = "MedianPruner", n_warmup_steps = 1 }',
    },
    "layers": {"type": "RandomSearch", "monitor": '["validation/loss", "parameters"]', "more": ""},
}

OUTSIDE = {
    "lr": ("-1.0", None),
    "momentum": ("-0.5", None),
    "weight_decay": ("-0.01", None),
    "out_features": ("0", None),
    "batch_size": ("0", None),
    "p": ("-0.5", "1.5"),
    "patience": ("-1", None),
}
"""Values beyond the limits of options, for the lower and the upper bound."""


def made_text(name):
    """The text of a spec with one of the spaces."""
    begin = BEGIN
    for key, value in HEADS[name].items():
        begin = begin.replace("{" + key + "}", value)
    return begin + SPACES[name]


class SpaceMutations:
    """The mutations of one space."""

    def __init__(self, name, loader):
        self.name, self.loader = name, loader
        self.file = Path("/t.toml") if name in SPACES else (ROOT / name).resolve()
        self.text = made_text(name) if name in SPACES else self.file.read_text()
        self.positions = scan(self.text)
        self.counts, self.failures = Counter(), []
        in_space = {path: span for path, span in self.positions.values.items() if path[:2] == ("tune", "space")}
        keys = self.positions.keys
        # The value of a section is its header, which precedes its last key.
        self.values = {path: span for path, span in in_space.items() if path not in keys or keys[path][0] < span[0]}
        self.ranges = {path[:-1] for path in self.values if path[-1] == "low"}

    def problems(self, text):
        try:
            return self.loader.check(from_source(Source(self.file.name, text, self.file.parent), lists=SEVERAL))
        except SpecError as error:
            return list(error.problems)

    def expect(self, kind, text, start, wanted=()):
        """Check that a mutated text has a single problem, which begins at this character, with all wanted words."""
        found = self.problems(text)
        self.counts[kind] += 1
        said = " ".join(f"{problem.message} {problem.help}" for problem in found)
        places = [problem.place.start if problem.place else None for problem in found]
        if places != [start] or not all(word in said for word in wanted):
            line = text[text.rfind("\n", 0, start) + 1 : f"{text}\n".index("\n", start)]
            self.failures.append([self.name, kind, line, text[start : start + 20], [str(one) for one in found]])

    def replaced(self, span, new):
        return self.text[: span[0]] + new + self.text[span[1] :]

    def change(self, kind, span, new, wanted=(), *, at=0):
        """Replace a part of the text, whose mistake begins `at` characters after the beginning of the new one."""
        self.expect(kind, self.replaced(span, new), span[0] + at, wanted)

    def run(self):
        assert self.problems(self.text) == [], [str(problem) for problem in self.problems(self.text)]
        self.paths()
        self.bounds()
        self.keys_of_ranges()
        self.choices()
        self.tables()
        self.of_tuner()
        return self

    def paths(self):
        """A typo in each part of each path that is searched."""
        for path, (start, end) in self.positions.keys.items():
            if path[:2] != ("tune", "space") or len(path) < 3 or not self.is_path(path):
                continue
            key = self.text[start:end]
            parts = key.strip('"').split(".")
            for index, part in enumerate(parts):
                for typo in [] if part.isdecimal() else typos_of(part):
                    new = ".".join([*parts[:index], typo, *parts[index + 1 :]])
                    new = f'"{new}"' if key.startswith('"') else new
                    self.change("unknown path", (start, end), new, [part])
                if part.isdecimal():
                    new = ".".join([*parts[:index], "17", *parts[index + 1 :]])
                    self.change("no such element", (start, end), f'"{new}"', ["17"])

    def is_path(self, path):
        """Whether the last key of a path is a part of a path in the spec, not one in a domain or a choice."""
        outer = [path[:length] for length in range(3, len(path))]
        is_inside = any(isinstance(one[-1], int) or one[-1] == "choices" for one in [*outer, path])
        return not is_inside and not any(one in self.ranges for one in outer)

    def bounds(self):
        for path in self.ranges:
            option = self.option(path)
            low, high = (self.positions.values[(*path, bound)] for bound in ("low", "high"))
            below, above = OUTSIDE.get(option, (None, None))
            has_log = (*path, "log") in self.values
            if below is not None and not has_log:
                self.change("bound outside the option's own", low, below, ["bounds"])
            if below is not None and has_log:
                cut = self.text[: low[0]] + below + self.text[low[1] :]
                log = self.positions.values[(*path, "log")]
                shift = len(below) - (low[1] - low[0])
                without = cut[: log[0] + shift] + "false" + cut[log[1] + shift :]
                self.expect("bound outside the option's own", without, low[0], ["bounds"])
            if above is not None:
                self.change("bound outside the option's own", high, above, ["bounds"])
            is_integer = "." not in self.text[slice(*low)] and "e" not in self.text[slice(*low)]
            self.change("low above high", high, "-7" if is_integer else "-7.0", ["must be greater than `low`"])
            self.change("low equals high", high, self.text[slice(*low)], ["must be greater than `low`"])
            for wrong in ('"x"', "true", "[1]", "1979-05-27", "inf", "nan"):
                for bound in (low, high):
                    self.change("bound of another type", bound, wrong)
            if is_integer and (*path, "step") not in self.values:
                for bound in (low, high):
                    new = f"{self.text[slice(*bound)]}.5"
                    self.change("fraction for an integer", bound, new, ["integer"])
            if has_log:
                for wrong in ("0", "-1") if is_integer else ("0.0", "-0.1"):
                    self.change("log with 0 or less", low, wrong, ["must be above 0"])
            self.step(path, is_integer, has_log)

    def step(self, path, is_integer, has_log):
        high = self.positions.values[(*path, "high")]
        if (*path, "step") in self.values:
            span = self.positions.values[(*path, "step")]
            self.change("step that does not divide", span, "7" if is_integer else "0.3", ["does not divide"])
            for wrong in ("0", "-1"):
                self.change("step of 0 or less", span, wrong)
            return
        added = ", step = "
        if has_log:
            at = len(self.text[slice(*high)]) + len(added)
            self.change("log with step", high, f"{self.text[slice(*high)]}{added}1", ["has no `step`"], at=at)
        else:
            at = len(self.text[slice(*high)]) + len(added)
            new = f"{self.text[slice(*high)]}{added}{'7' if is_integer else '0.37'}"
            self.change("step that does not divide", high, new, ["does not divide"], at=at)

    def option(self, path):
        """The option that a domain is for."""
        last = [element for element in path if isinstance(element, str) and element != "choices"][-1]
        return last.rpartition(".")[2]

    def keys_of_ranges(self):
        for path in self.ranges:
            for key in ("low", "high", "log", "step"):
                if (*path, key) in self.positions.keys:
                    span = self.positions.keys[(*path, key)]
                    for typo in typos_of(key):
                        self.key_typo(path, key, span, typo)

    def key_typo(self, path, key, span, typo):
        if key in ("low", "high"):
            other = "high" if key == "low" else "low"
            if (*path, other) in self.values:
                self.change("typo in a key of a range", span, typo, [f'"{key}"'])
        else:
            self.change("typo in a key of a range", span, typo, [f'"{key}"'])

    def choices(self):
        """The arrays of choices: empty, with one twice, with one of another type."""
        for path, (start, end) in self.values.items():
            text = self.text[start:end]
            if not text.startswith("[") or not self.is_array_of_choices(path):
                continue
            self.change("no choices", (start, end), "[]", ["at least one choice"])
            first = self.values[(*path, 0)]
            copy = self.text[slice(*first)]
            last = max(index[-1] for index in self.values if index[:-1] == path and isinstance(index[-1], int))
            close = self.values[(*path, last)][1]
            new = f"{self.text[:close]}, {copy}{self.text[close:]}"
            self.expect("choice twice", new, close + 2, ["twice"])
            wrong = '"x"' if not copy.startswith('"') else "1.5"
            new = f"{self.text[:close]}, {wrong}{self.text[close:]}"
            self.expect("choice of another type", new, close + 2)
            below, _ = OUTSIDE.get(self.option(path), (None, None))
            if below is not None and not copy.startswith("{"):
                new = f"{self.text[:close]}, {below}{self.text[close:]}"
                self.expect("choice outside the option's own", new, close + 2, ["bounds"])

    def is_array_of_choices(self, path):
        return path[-1] == "choices" or self.is_path(path)

    def tables(self):
        """The components in choices: typos in their types and options, and options that do not exist."""
        for path, span in self.values.items():
            if path[-1] == "type":
                name = self.text[slice(*span)].strip('"')
                for typo in typos_of(name):
                    self.change("typo in the type of a choice", span, f'"{typo}"', [f'"{name}"'])
                self.change("choice of another family", span, '"Accuracy"')
        for path, span in self.positions.keys.items():
            in_choice = path[:2] == ("tune", "space") and any(isinstance(element, int) for element in path)
            inside_range = any(path[:length] in self.ranges for length in range(3, len(path)))
            if in_choice and not inside_range and path[-1] not in ("type", "choices"):
                for typo in typos_of(path[-1]):
                    self.change("typo in an option of a choice", span, typo, [f'"{path[-1]}"'])

    def of_tuner(self):
        for path, span in self.positions.values.items():
            if path[:2] == ("tune", "monitor") and self.text[span[0]] == '"':
                name = self.text[slice(*span)].strip('"')
                for typo in typos_of(name):
                    self.change("unknown monitor", span, f'"{typo}"', [name])
                self.change("unknown monitor", span, '"validation/Missing"')
            if len(path) == 3 and path[0] == "tune" and path[2] == "type" and path[1] != "space":
                name = self.text[slice(*span)].strip('"')
                for typo in typos_of(name):
                    self.change("typo in a sampler or pruner", span, f'"{typo}"', [f'"{name}"'])
        start = self.text.index("[tune.space")
        self.expect("empty space", f"{self.text[:start]}[tune.space]\n", start, ["nothing to search"])
        tune = self.text.index("[tune]")
        self.expect("no space", self.text[:start], tune, ["missing"])
        trials = self.positions.values["tune", "trials"]
        for wrong in ("0", "-1", "1.5", '"6"'):
            self.change("wrong number of trials", trials, wrong)


COMBINED = {
    # What, the change of the inline space, and what must be marked.
    "path inside of choices": (
        '"data.batch_size" =',
        '"optimizer.lr" = { low = 0.1, high = 0.2 }\n"data.batch_size" =',
        '"optimizer.lr"',
    ),
    "path that another choice removes": (
        '"data.batch_size" =',
        '"model.layers.2" = [{ type = "ReLU" }, { type = "Tanh" }]\n"data.batch_size" =',
        '"model.layers.Dropout.p"',
    ),
    "path that some choices remove": (
        '"data.batch_size" =',
        '"model.layers.2" = [{ type = "ReLU" }, { type = "Dropout" }]\n"data.batch_size" =',
        '"model.layers.Dropout.p"',
    ),
    "the same path twice": (
        '"data.batch_size" =',
        'data.batch_size = [1, 2]\n"data.batch_size" =',
        '"data.batch_size"',
    ),
    "integers for any number": (
        "{ low = 0.0, high = 0.5, step = 0.1 }",
        "{ low = 0, high = 1 }",
        "{ low = 0, high = 1 }",
    ),
    "no trial can run": (
        "momentum = { low = 0.0, high = 0.99 } },",
        "momentum = { low = 0.0, high = 0.99 }, foreach = true, fused = true },",
        None,
    ),
    "combination of first values": (
        "momentum = { low = 0.0, high = 0.99 } },",
        "momentum = { choices = [0.0, 0.9] }, nesterov = { choices = [false, true] } },",
        None,
    ),
    "combination of other values": (
        "momentum = { low = 0.0, high = 0.99 } },",
        "momentum = { choices = [0.9, 0.0] }, nesterov = { choices = [false, true] } },",
        None,
    ),
    "values for the tuner": ('"data.batch_size" =', '"tune.trials" = [1, 2]\n"data.batch_size" =', '"tune.trials"'),
}
"""Mistakes that are about several places."""


def combined(loader):
    made = SpaceMutations("inline", loader)
    # The values that conflict are in one line.
    for kind, (old, new, marked) in COMBINED.items():
        assert old in made.text
        text = made.text.replace(old, new, 1)
        begin = text.index("[tune.space]")
        if marked is not None:
            start = text.index(marked, begin) if kind != "the same path twice" else text.rindex(marked)
            made.expect(kind, text, start)
            continue
        made.counts[kind] += 1
        found = made.problems(text)
        where = [problem.place.line for problem in found]
        line = text.count("\n", 0, text.index(new)) + 1
        if set(where) != {line}:
            made.failures.append(["inline", kind, new, str(where), [str(one) for one in found]])
    return made


if __name__ == "__main__":
    LOADER = Loader()
    counts, failures = Counter(), []
    for name in sys.argv[1:]:
        made = combined(LOADER) if name == "combined" else SpaceMutations(name, LOADER).run()
        counts += made.counts
        failures += made.failures
    imported = sorted({"torch", "numpy", "pyarrow", "matplotlib", "optuna"} & set(sys.modules))
    sys.stdout.write(json.dumps({"counts": counts, "failures": failures, "imported": imported}))

"""Break each key and each value of specs in turn. `test_mutations.py` runs this script without torch.

For each mutation it is known on which line it is, and what was there. What `hookline check` says of it is compared with
that, and the counts are printed as JSON.
"""

import json
import sys
from collections import Counter
from pathlib import Path as File

from attrs import NOTHING, fields

from hookline.check.load import Loader
from hookline.check.toml.document import from_source
from hookline.check.toml.spans import scan
from hookline.errors.exceptions import SpecError
from hookline.errors.source import Source
from hookline.spec.options import Bounds, Spec
from hookline.spec.training import TrainingSpec
from hookline.spec.types import option_type


class Mutations:
    """The mutations of one spec."""

    def __init__(self, file, loader):
        self.file, self.loader = File(file), loader
        self.text = self.file.read_text()
        self.positions = scan(self.text)
        document = self.document(self.text)
        self.spec, self.catalog = loader.load(document), loader.reader(document).catalog
        self.counts, self.failures = Counter(), []

    def document(self, text):
        source = Source(str(self.file), text, self.file.resolve().parent)
        return from_source(source)

    def problems(self, text):
        try:
            return self.loader.check(self.document(text))
        except SpecError as error:
            return list(error.problems)

    def at(self, path):
        """The value in the spec; for a component's `type`, the name."""
        value = self.spec
        for element in path:
            if isinstance(value, Spec):
                value = type(value).__name__ if element == "type" and value.family else getattr(value, element)
            else:
                value = value[element]
        return value

    def options(self):
        """The path of each option in the file, its attribute, and the spans of its key and value."""
        for path, key in self.positions.keys.items():
            owner = self.at(path[:-1]) if path[0] != "extends" else None
            if isinstance(owner, Spec) and path in self.positions.values:
                attributes = {attribute.name: attribute for attribute in fields(type(owner))}
                yield path, owner, attributes.get(path[-1]), key, self.positions.values[path]

    def run(self):
        assert self.problems(self.text) == [], self.file
        for path, owner, attribute, key, value in self.options():
            self.typos(path, owner, key)
            if path[-1] == "type":
                self.types(path, value)
            elif key[0] < value[0]:  # Otherwise it is a section, whose header contains the key.
                self.wrong_values(path, owner, attribute, value)
                self.twice(key, value)
                self.moved(path, key, value)
                if attribute.default is NOTHING:
                    self.removed(path, key, value)
        self.sections_twice()
        self.sections_removed()
        return self

    def expect(self, kind, text, line, wanted, *, first=None, others=()):
        """Check that a mutated text has exactly one problem, on this line, with all wanted words.

        `first` is the line of the related place. `others` are further problems that are allowed.
        """
        found = self.problems(text)
        here = [problem for problem in found if problem.place is not None and problem.place.line == line]
        more = [problem for problem in found if problem not in here and str(problem) not in others]
        self.counts[kind] += 1
        message = " ".join(map(str, here))
        self.counts[f"{kind}: suggested"] += all(word in message for word in wanted)
        lines = [place.line for problem in here for place in problem.related_places]
        if len(here) != 1 or more or (first is not None and lines != [first]):
            self.failures.append([kind, line, text.splitlines()[line - 1], [str(problem) for problem in found]])

    def line(self, offset, text=None):
        return (self.text if text is None else text).count("\n", 0, offset) + 1

    def replaced(self, span, new):
        return self.text[: span[0]] + new + self.text[span[1] :]

    def typos(self, path, owner, key):
        name = path[-1]
        known = {attribute.name for attribute in fields(type(owner))} | {"type"}
        siblings = {other[-1] for other in self.positions.keys if other[:-1] == path[:-1]}
        for typo in typos_of(name):
            if typo in known | siblings or not typo:
                continue
            text = self.replaced(key, typo)
            self.expect("typo in a key", text, self.line(key[0]), [f'"{name}"'])

    def types(self, path, value):
        name = self.at(path)
        for typo in typos_of(name):
            if typo and typo not in {kind.__name__ for kind in self.catalog}:
                self.expect("typo in a type", self.replaced(value, f'"{typo}"'), self.line(value[0]), [f'"{name}"'])
        container = path[:-1]
        # Without a type, nothing is known about the table.
        cut = self.without(self.positions.keys[path], value)
        start = self.positions.values.get(container, (0, 0))[0]
        self.expect("removed type", cut, self.line(start), ["The `type`, which names the "])

    def wrong_values(self, path, owner, attribute, value):
        line, kind = self.line(value[0]), owner.option_type(attribute)
        read = {
            "1979-05-27": None,
            '"x"': "x",
            "3.5": 3.5,
            "true": True,
            "[]": [],
            "[[1]]": [[1]],
            "{ x = 1 }": {"x": 1},
        }
        for wrong in (*read, "inf", "nan"):
            if wrong in read and option_type(kind).accepts(read[wrong]):
                continue
            if wrong in ("inf", "nan") and any(bounds.infinite for bounds in Bounds.of(attribute)):
                continue
            self.expect("wrong type", self.replaced(value, wrong), line, ["must be"])
        number = self.at(path)
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            for bounds in Bounds.of(attribute):
                limits = {"minimum": -1, "above": 0, "maximum": 1, "below": 0}
                for name, step in limits.items():
                    if (limit := getattr(bounds, name)) is not None:
                        outside = type(number)(limit + step)
                        self.expect("out of bounds", self.replaced(value, repr(outside)), line, ["out of bounds"])

    def starts_a_line(self, key):
        return self.text[self.text.rfind("\n", 0, key[0]) + 1 : key[0]].strip() == ""

    def without(self, key, value):
        """The text without the key and its value; only the line ends remain."""
        start, end = key[0], value[1]
        if self.starts_a_line(key):
            return self.text[:start] + "\n" * self.text.count("\n", start, end) + self.text[end:]
        before, after = self.text[:start].rstrip(" "), self.text[end:].lstrip(" ")
        if after.startswith(","):
            return f"{before} {after[1:].lstrip()}"
        return f"{before.removesuffix(',')} {after}"

    def twice(self, key, value):
        """Repeat the key after the value, and before the key: the second one is a duplicate."""
        statement, start = self.text[key[0] : value[1]], self.line(key[0])
        if self.starts_a_line(key):
            end = f"{self.text}\n".index("\n", value[1])
            text = f"{self.text[:end]}\n{statement}{self.text[end:]}"
            self.expect("key twice", text, self.line(end) + 1, ["a second time"], first=start)
            text = f"{self.text[: key[0]]}{statement}\n{self.text[key[0] :]}"
            self.expect("key twice", text, start + statement.count("\n") + 1, ["a second time"], first=start)
        else:
            text = f"{self.text[: value[1]]}, {statement}{self.text[value[1] :]}"
            self.expect("key twice", text, self.line(value[1]), ["a second time"], first=start)
            text = f"{self.text[: key[0]]}{statement}, {self.text[key[0] :]}"
            self.expect("key twice", text, start + statement.count("\n"), ["a second time"], first=start)

    def moved(self, path, key, value):
        """The key in each other section that does not have it."""
        if not self.starts_a_line(key) or len(path) != 2:
            return
        statement = self.text[key[0] : value[1]]
        cut = self.without(key, value)
        rightly = {str(problem) for problem in self.problems(cut)}  # The problem at the place where the key is missing.
        for attribute in fields(TrainingSpec):
            section = (attribute.name,)
            header = self.positions.values.get(section)
            if header is None or section == path[:1] or self.text[header[0]] != "[":
                continue
            target = self.at(section)
            if not isinstance(target, Spec) or path[-1] in {option.name for option in fields(type(target))}:
                continue
            shift = len(cut) - len(self.text) if header[1] > key[0] else 0
            end = cut.index("\n", header[1] + shift)
            text = f"{cut[:end]}\n{statement}{cut[end:]}"
            line = self.line(end, text) + 1
            wanted = [f"{attribute.name}.{path[-1]}: ", f"[{path[0]}]"]
            self.expect("moved key", text, line, wanted, others=rightly)

    def removed(self, path, key, value):
        start = self.positions.values[path[:-1]][0]
        self.expect("removed required key", self.without(key, value), self.line(start), ["This option is missing"])

    def sections_removed(self):
        """The spec without a required section, including its last key."""
        for attribute in fields(TrainingSpec):
            spans = [span for path, span in self.positions.keys.items() if path[0] == attribute.name]
            if attribute.default is not NOTHING or not spans or "extends" in self.text:
                continue
            lines = self.text.splitlines(keepends=True)
            values = [span for path, span in self.positions.values.items() if path[0] == attribute.name]
            for start, end in [*spans, *values]:
                for number in range(self.line(start), self.line(end) + 1):
                    lines[number - 1] = ""
            self.expect(
                "removed section", "".join(lines), 1, [f"{attribute.name}: This section is missing. It must be "]
            )

    def sections_twice(self):
        for path, value in self.positions.values.items():
            header = self.text[slice(*value)]
            if len(path) == 1 and self.positions.keys[path][0] > value[0]:
                text = f"{self.text.rstrip()}\n{header}\n"
                self.expect("section twice", text, self.line(len(text) - 2, text), ["a second time"])


def typos_of(name):
    """One typo of each type: two swapped letters, a missing one, an additional one and a wrong one."""
    middle = len(name) // 2
    swapped = name[: middle - 1] + name[middle] + name[middle - 1] + name[middle + 1 :] if len(name) > 1 else name
    slips = {
        swapped,
        name[:middle] + name[middle + 1 :],
        name[:middle] + name[middle : middle + 1] * 2 + name[middle + 1 :],
        name[:middle] + "x" + name[middle + 1 :],
        name[:-1] + ("s" if not name.endswith("s") else "z"),
    }
    return sorted(slips - {name})


if __name__ == "__main__":
    LOADER = Loader()
    counts, failures = Counter(), []
    for argument in sys.argv[1:]:
        made = Mutations(argument, LOADER).run()
        counts += made.counts
        failures += [[argument, *failure] for failure in made.failures]
    imported = sorted({"torch", "numpy", "pyarrow", "matplotlib", "optuna"} & set(sys.modules))
    sys.stdout.write(json.dumps({"counts": counts, "failures": failures, "imported": imported}))

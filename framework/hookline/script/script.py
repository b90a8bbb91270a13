"""A script in the making: imports, constants, functions, and lines by section."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import dedent
from typing import Any, Literal

from attrs import define, field

from hookline.errors.diagnostic import Diagnostic
from hookline.errors.exceptions import MismatchError
from hookline.errors.text import PathElement
from hookline.script.layout import sorted_imports, spaced
from hookline.script.lines import BatchNames
from hookline.script.loop import Loop
from hookline.script.python import literal, wrapped
from hookline.script.sources import Sources
from hookline.script.written import refuse_inherited_lines

Section = Literal["read", "split", "prepare", "batches", "model", "metrics", "train", "result"]

TITLES: Mapping[Section, str] = {
    "read": "Read the data",
    "split": "Split the rows",
    "prepare": "Prepare the inputs and targets",
    "batches": "Batches",
    "model": "Model, loss and optimizer",
    "metrics": "Evaluation",
    "train": "Training",
    "result": "Result",
}
"""The sections of a script in their order, with their headings."""

RULE = 100
"""The number of characters of a heading."""


@define(eq=False, kw_only=True)
class Script:
    """A script in the making. Components add to it what they need.

    Attributes:
        seed: the seed of the run.
        epochs: the number of epochs.
        dtype: the floating-point type of the run, such as "float32".
        device: the type of the device, such as "cpu".
        batch: the variables of a batch; known after the data source has added its lines.
        loop: the places of the training loop to which callbacks add lines.
        constants: the constants at the top of the script, such as `BATCH_SIZE`.
        beginning: statements after the constants.
        modules: the modules that have a state: the model, and the criterion if it has parameters or buffers.
        model: the module that `build_model` returned.
        trained: the trained parameters of model and criterion, each a `hookline.spec.NamedParameter`.
        example: some cells of the column whose kind adds its lines, a `pyarrow.ChunkedArray`; `None` if there are none.
        moments: a function that returns mean and standard deviation of the training rows of an array of all rows, which
            are merged from those of blocks; `None` to compute them at once.
        names: what a variable that several parts of the spec could need stands for.
        left_out: what the script leaves out because it does not change the training, for its docstring.
        problems: what cannot be written.

    """

    seed: int
    epochs: int
    dtype: str
    device: str = "cpu"
    batch: BatchNames = field(factory=lambda: BatchNames(inputs={}))
    loop: Loop = field(factory=Loop)
    constants: dict[str, Any] = field(factory=dict)
    beginning: list[str] = field(factory=list)
    left_out: list[str] = field(factory=list)
    modules: tuple[str, ...] = ("model",)
    model: Any = None
    trained: Sequence[Any] = ()
    example: Any = None
    moments: str | None = None
    names: dict[str, str] = field(factory=dict)
    problems: list[Diagnostic] = field(factory=list)
    _offered: list[str] = field(factory=list)
    _path: tuple[PathElement, ...] = ()
    _imports: set[str] = field(factory=set)
    _functions: dict[str, str] = field(factory=dict)
    _sections: dict[Section, list[str]] = field(factory=lambda: {section: [] for section in TITLES})

    def use(self, *statements: str) -> None:
        """Add import statements, such as "import numpy as np" or "from torch import nn"."""
        self._imports.update(statements)

    def define(self, source: str) -> str:
        """Add a function or class at the top of the script, once, and return its name.

        If there is another one of this name, it gets a number.
        """
        text = dedent(source).strip("\n")
        first = next(line for line in text.splitlines() if line.startswith(("def ", "class ")))
        name = first.split(None, 1)[1].split("(")[0].split(":")[0].strip()
        number = 1
        made = name
        while self._functions.get(made, source_of := _renamed(text, name, made)) != source_of:
            number += 1
            made = f"{name}{number}" if first.startswith("class ") else f"{name}_{number}"
        self._functions[made] = source_of
        return made

    def define_copy(self, definition: Any) -> str:
        """Copy a class or function of plain torch to the script, with what it needs of its package; return its name."""
        sources = Sources.of(definition)
        self.use(*sources.imports)
        names = [self.define(source) for source in sources.definitions.values()]
        return names[-1]

    def define_if_used(self, source: str) -> None:
        """Add a function at the top of the script, if another line calls it."""
        self._offered.append(dedent(source).strip("\n"))

    def add(self, section: Section, text: str, *, apart: bool = True) -> None:
        """Add lines to a section, after an empty line unless `apart` is false."""
        lines = dedent(text).strip("\n").splitlines()
        if apart and self._sections[section]:
            self._sections[section].append("")
        self._sections[section] += lines

    def clear(self, section: Section) -> None:
        """Remove the lines of a section."""
        self._sections[section].clear()

    def has(self, section: Section) -> bool:
        """Return whether a section has lines."""
        return bool(self._sections[section])

    def refuse(self, error: MismatchError, *path: PathElement) -> None:
        """Note that a part of the spec cannot be written; `path` leads to the component."""
        self.problems.append(error.diagnostic.within(*path))

    def layer(self, spec: Any, module: Any, *path: PathElement) -> str:
        """Return the expression that builds a layer inside another one; `path` leads to it from the outer one.

        If the layer cannot be written, this is noted as a problem, and the script is not used.
        """
        self._path = (*(self._path or ("model",)), *path)
        try:
            refuse_inherited_lines(spec)
            return str(spec.eject(self, module))
        except MismatchError as error:
            if error.diagnostic.id != "not-ejectable":
                raise
            self.refuse(error, *self._path)
            return "..."
        finally:
            self._path = self._path[: len(self._path) - len(path)]
            if self._path == ("model",):
                self._path = ()

    @contextmanager
    def within(self, groups: Collection[str]) -> Iterator[None]:
        """Restrict `batch` to some groups of inputs, for layers that take only these."""
        batch = self.batch
        self.batch = batch.of_groups(groups)
        try:
            yield
        finally:
            self.batch = batch

    def parameter(self, name: str) -> str:
        """Return a parameter by its name, as code; that of a criterion begins with "criterion."."""
        owner, name = (
            ("criterion", name.removeprefix("criterion.")) if name.startswith("criterion.") else ("model", name)
        )
        return f"{owner}.get_parameter({literal(name)})"

    def parameters(self, names: Sequence[str], of_all: Sequence[str]) -> str:
        """Return parameters as torch's optimizers take them, as code: all of them, or some by their names."""
        own = [name for name in names if not name.startswith("criterion.")]
        of_criterion = [name for name in names if name.startswith("criterion.")]
        if list(names) == list(of_all):
            if not of_criterion:
                return "model.parameters()"
            return "[*model.parameters(), *criterion.parameters()]" if own else "criterion.parameters()"
        if len(names) == 1:
            return f"[{self.parameter(names[0])}]"
        if of_criterion:
            return f"[{', '.join(map(self.parameter, names))}]"
        return f"[model.get_parameter(name) for name in {literal(tuple(names))}]"

    @property
    def all_parameters(self) -> str:
        """All parameters that are trained, as code."""
        return "model.parameters()" if len(self.modules) == 1 else "[*model.parameters(), *criterion.parameters()]"

    def moved(self, code: str) -> str:
        """Return the code of a tensor or module, on the device of the run."""
        return code if self.device == "cpu" else f"{code}.to(device)"

    def text_of_data(self) -> str:
        """Return the part of the script that reads, splits and prepares the data, and makes batches."""
        return self._text("", ("read", "split", "prepare", "batches"))

    def text(self, docstring: str) -> str:
        """Return the script."""
        self._add_offered()
        return self._text(docstring, tuple(TITLES))

    def _text(self, docstring: str, sections: Sequence[Section]) -> str:
        lines = docstring.splitlines()
        lines += ["", *sorted_imports(self._imports), ""]
        lines += [f"{name} = {literal(value)}" for name, value in self.constants.items()]
        lines += ["", *self.beginning] if self.beginning else []
        for source in self._functions.values():
            lines += ["", "", *source.splitlines()]
        if self._functions:
            lines.append("")
        for section in sections:
            if self._sections[section]:
                heading = f"# --- {TITLES[section]} "
                lines += ["", f"{heading}{'-' * (RULE - len(heading))}", "", *self._sections[section]]
        made: list[str] = []
        for line in lines:
            made += wrapped(line.rstrip())
        return "\n".join(spaced(made)) + "\n"

    def _add_offered(self) -> None:
        """Define the functions of `define_if_used` that are called."""
        code = "\n".join(line for lines in self._sections.values() for line in lines)
        for source in dict.fromkeys(self._offered):
            if re.search(rf"\b{source.split()[1].partition('(')[0]}\(", code):
                self.define(source)


def _renamed(source: str, name: str, other: str) -> str:
    """Return the source of a function or class with another name. It may inherit from a class of torch of this name."""
    return source if name == other else re.sub(rf"(?<![.\w]){name}\b", other, source)

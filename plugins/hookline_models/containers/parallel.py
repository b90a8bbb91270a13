"""Parallel layers."""

import operator
from collections.abc import Mapping, Sequence
from functools import cache, reduce
from typing import TYPE_CHECKING, Any, Literal, cast

from attrs import evolve

from hookline.data import InputGroup
from hookline.errors import MismatchError, OptionError, enumerate_names
from hookline.script import bracketed
from hookline.spec import LayerSpec, option, spec
from hookline.training import apply_module, build_and_apply
from hookline_models.containers.base import (
    APPLY,
    not_empty,
    one_tensor,
    shared,
    sizes as sizes_of,
    take_lengths,
    take_lengths_by_group,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script

Join = Literal["concatenation", "sum", "product"]


@spec
class Parallel(LayerSpec):
    """Layers that get the same inputs, and whose outputs are joined."""

    branches: tuple[LayerSpec, ...] = option(validator=not_empty)
    """The layers. Use a Sequential for several layers per branch."""
    join: Join = "concatenation"
    """How to join the outputs: "concatenation" along a dimension, or the "sum" or "product" of outputs of equal
    shapes."""
    dim: int = option(default=1, unbounded=True)
    """The dimension of the concatenation: 0 is the batch dimension, 1 that of features or channels."""

    def __attrs_post_init__(self) -> None:
        if self.dim != 1 and self.join != "concatenation":
            raise OptionError(
                "dim", f"It applies only to a concatenation, but `join` is {enumerate_names([self.join])}."
            )

    def sized(self, sizes: Mapping[str, int]) -> "Parallel":
        """Return it with the number of outputs that the losses take, in each branch, unless they are concatenated."""
        if self.join == "concatenation":
            return self
        return evolve(cast("Any", self), branches=tuple(branch.sized(sizes) for branch in self.branches))

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module with the branches, in order."""
        outputs = []
        with shared(*inputs) as modules:
            for index, branch in enumerate(self.branches):
                try:
                    module, output = build_and_apply(branch, *inputs, groups=groups)
                except MismatchError as error:
                    raise error.within("branches", index) from error.__cause__
                modules.append(module)
                outputs.append(one_tensor(output))
        self._refuse_unlike(outputs)
        return _parallel()(modules, self.join, self.dim)

    def eject(self, script: "Script", module: Any) -> str:
        """Return the branches, as the argument of a class that joins their outputs."""
        script.use("from torch import nn")
        outputs = "[branch(*inputs) for branch in self]"
        source = PARALLEL
        if module.takes_lengths and script.batch.lengths:
            script.define(APPLY)
            outputs, source = "[apply(branch, *inputs, lengths=lengths) for branch in self]", PARALLEL_WITH_LENGTHS
        branches = [
            script.layer(branch, part, "branches", index)
            for index, (branch, part) in enumerate(zip(self.branches, module, strict=True))
        ]
        lines = {
            "concatenation": f"torch.cat({outputs}, dim={self.dim})",
            "sum": f"reduce(operator.add, {outputs})",
            "product": f"reduce(operator.mul, {outputs})",
        }[self.join]
        if self.join != "concatenation":
            script.use("import operator", "from functools import reduce")
        name = script.define(source.replace("JOIN", self.join).replace("LINES", lines))
        return bracketed(name, branches)

    def _refuse_unlike(self, outputs: "Sequence[Tensor]") -> None:
        """Refuse outputs that cannot be joined, or that torch would broadcast."""
        shapes: set[tuple[int, ...]] = {output.shape for output in outputs}
        if self.join == "concatenation":
            if any(self.dim in (0, -len(shape)) for shape in shapes):
                raise ValueError("The outputs cannot be concatenated along the batch dimension.")
            shapes = {(*shape[: self.dim], *shape[self.dim :][1:]) for shape in shapes}
        if len(shapes) > 1:
            raise ValueError(
                f"Its branches return the shapes {', '.join(sizes_of(outputs))}, which cannot be joined by {self.join}."
            )


PARALLEL = '''
class Parallel(nn.ModuleList):
    """Layers that get the same inputs, with the JOIN of their outputs."""

    def forward(self, *inputs):
        return LINES
'''

PARALLEL_WITH_LENGTHS = '''
class Parallel(nn.ModuleList):
    """Layers that get the same padded sequences and their lengths, with the JOIN of their outputs."""

    takes_lengths = True

    def forward(self, *inputs, lengths=None):
        return LINES
'''


@cache
def _parallel() -> Any:
    import torch
    from torch import nn

    class Parallel(nn.ModuleList):
        def __init__(self, branches: "list[nn.Module]", join: Join, dim: int):
            super().__init__(branches)
            self.join = join
            self.dim = dim
            self.takes_lengths = take_lengths(branches)
            self.takes_lengths_by_group = take_lengths_by_group(branches)

        def forward(self, *inputs: "Tensor", lengths: Any = None) -> "Tensor":
            outputs = [apply_module(branch, *inputs, lengths=lengths) for branch in self]
            if self.join == "concatenation":
                return torch.cat(outputs, dim=self.dim)
            return reduce(operator.add if self.join == "sum" else operator.mul, outputs)

    return Parallel

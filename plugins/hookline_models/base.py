"""What layers of torch have in common: the module is torch's class of the same name, with the same options."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import asdict

from hookline.spec import LayerSpec, spec

if TYPE_CHECKING:
    from torch import Tensor, nn


@spec
class TorchLayer(LayerSpec):
    """A layer of `torch.nn`. A class below it declares torch's options and is complete."""

    follows: ClassVar[Mapping[str, int]] = {}
    """Options that may be left out, and the dimension of the inputs `(N, …)` whose size each is then."""

    may_be_more: ClassVar[tuple[str, ...]] = ()
    """Those of them that may be greater than what comes in; the others must be equal."""

    row: ClassVar[tuple[str, ...] | None] = None
    """The dimensions of one row, where the layer takes exactly these: torch would take one less for a single row."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """`torch.nn.<the name of this class>` with these options, and sizes that follow from the inputs."""
        import torch

        module: nn.Module = getattr(torch.nn, type(self).__name__)(**self.options(inputs))
        return module

    def options(self, inputs: "Tensor") -> dict[str, Any]:
        """What torch's class is given: these options, and sizes that follow from the inputs.

        Raises:
            ValueError: if the rows have another number of dimensions than they must have.

        """
        if self.row is not None and inputs.dim() - 1 != len(self.row):
            raise ValueError(f"It takes {len(self.row)} dimensions for each row: {', '.join(self.row)}.")
        options = asdict(self, recurse=False)
        for name, dimension in self.follows.items():
            if options[name] is None:
                options[name] = inputs.shape[dimension]
            elif isinstance(options[name], int) and inputs.dim() > dimension and name not in self.may_be_more:
                size = inputs.shape[dimension]
                if options[name] != size:
                    raise ValueError(
                        f"`{name}` is {options[name]}, and {size} come in: left out, it follows from that."
                    )
        return options


@spec
class InPlace(TorchLayer):
    """The option of layers that can write over what goes in."""

    inplace: bool = False
    """Whether the result is written over what goes in, which saves memory."""

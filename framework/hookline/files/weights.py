"""Write weights to safetensors files."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hookline.files.atomic import replaced

if TYPE_CHECKING:
    from torch import Tensor, nn

_ERROR_NUMBER = re.compile(r"\(os error (\d+)\)")
"""How safetensors reports an error of the operating system."""


def plain_name(name: str) -> str:
    """Return the name of a module, parameter or buffer without the prefix that `torch.compile` adds.

    >>> plain_name("_orig_mod.0.weight"), plain_name("encoder._orig_mod.bias"), plain_name("0.weight")
    ('0.weight', 'encoder.bias', '0.weight')
    """
    return ".".join(part for part in name.split(".") if part != "_orig_mod")


class _PlainlyNamed:
    """A wrapper of a module that has only a `state_dict`, which is all that saving needs."""

    def __init__(self, module: "nn.Module"):
        self._module = module

    def state_dict(self) -> "dict[str, Tensor]":
        """Return the tensors of the module by plain name."""
        return {plain_name(name): tensor for name, tensor in self._module.state_dict().items()}


def write_weights(path: Path, module: "nn.Module") -> None:
    """Write the parameters and buffers of a module to a safetensors file, by plain name.

    Shared tensors are written once.

    Raises:
        FileError: If the file cannot be written, for example because the disk is full.

    """
    from safetensors import SafetensorError
    from safetensors.torch import save_model

    with replaced(path) as part:
        try:
            save_model(cast("nn.Module", _PlainlyNamed(module)), str(part))
        except SafetensorError as error:
            if number := _ERROR_NUMBER.search(str(error)):
                raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
            raise

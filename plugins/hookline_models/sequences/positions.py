"""Embeddings of positions."""

from functools import cache
from typing import TYPE_CHECKING

from hookline.spec import option, spec
from hookline.training import exporting_to
from hookline_models.base import TorchLayer, ejected_options, ejected_subclass

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class LearnedPositionalEmbedding(TorchLayer):
    """Adds a learnable vector for its position to each step of a sequence: `(N, L, embedding_dim)` to the same shape.

    It is not in `torch.nn`: the module is a `torch.nn.Embedding` of positions, initialized like one.

    Source: https://arxiv.org/abs/1705.03122
    """

    row = ("steps", "features")
    follows = {"num_embeddings": 1, "embedding_dim": -1}
    may_be_more = ("num_embeddings",)

    num_embeddings: int | None = option(default=None, minimum=1)
    """The number of positions, which is the maximum length of a sequence. Default: inferred from the inputs."""
    embedding_dim: int | None = option(default=None, minimum=1)
    """The size of a vector. Default: inferred from the inputs."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a `torch.nn.Embedding` that adds its first vectors to the steps."""
        return _learned_positional_embedding()(**self.options(inputs))

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return the sizes, as arguments of a subclass of torch's embedding."""
        script.use("from torch import nn")
        return ejected_subclass(self, script.define(POSITIONAL), ejected_options(self, module))


POSITIONAL = '''
class LearnedPositionalEmbedding(nn.Embedding):
    """Adds a learned vector for its position to each step."""

    def forward(self, inputs):
        return inputs + self.weight[: inputs.shape[1]]
'''


@cache
def _learned_positional_embedding() -> "type[nn.Embedding]":
    from torch import nn

    class LearnedPositionalEmbedding(nn.Embedding):
        def forward(self, input: "Tensor") -> "Tensor":  # noqa: A002 - torch's name.
            steps = input.shape[1]
            if exporting_to() is None and steps > self.num_embeddings:
                raise ValueError(f"It has {self.num_embeddings} positions, but a sequence has {steps} steps.")
            return input + self.weight[:steps]

    return LearnedPositionalEmbedding

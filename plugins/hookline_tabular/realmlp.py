"""RealMLP, a perceptron with good defaults for tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from hookline.data import InputGroup
from hookline.script import call, cannot_be_written, literal
from hookline.spec import option, spec
from hookline_tabular.base import Constructed, TableModel, constructed

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script

ROWS_TO_INITIALIZE = 256
"""The number of training rows from which the weights are initialized: the batch size of the paper."""


@spec
class RealMLP(TableModel):
    """A perceptron with robust scaling, embeddings of numbers, and an initialization from the training rows.

    It takes groups of numbers, of indices of categories, or both, and must be the first layer. It scales its inputs
    itself, with the median and quartiles of the training rows, so do not standardize them. The defaults are those of
    RealMLP-TD for classification; for regression, set `act = "mish"` and standardize the target. For RealMLP-TD-S, set
    `num_emb_type = "none"`, `use_parametric_act = false`, `p_drop = 0`, `weight_init_mode = "normal"`,
    `bias_init_mode = "normal"` and `zero_init_last_layer = true`.

    It has the architecture, the parametrization and the initialization of the paper. What concerns training is set
    elsewhere in the spec: label smoothing, the learning rates of groups of parameters and their schedule. Inputs must
    not be missing.

    Source: Holzmüller, Grinsztajn and Steinwart, https://arxiv.org/abs/2407.04491; the package pytabkit
    """

    hidden_sizes: tuple[int, ...] = option(default=(256, 256, 256), minimum=1)
    """The sizes of the hidden layers."""
    act: Literal["selu", "mish", "relu", "silu", "gelu", "elu"] = "selu"
    """The activation: the paper uses "selu" for classification and "mish" for regression."""
    use_parametric_act: bool = True
    """Mix the activation with the identity, with a learnable weight for each element."""
    add_front_scale: bool = True
    """Multiply each input of the first layer by a learnable factor."""
    num_emb_type: Literal["pbld", "none"] = "pbld"
    """The embeddings of numbers: "pbld" (periodic, bias, linear, DenseNet), or "none"."""
    plr_sigma: float = option(default=0.1, above=0)
    """The standard deviation of the initial frequencies of the embeddings."""
    plr_hidden_1: int = option(default=16, minimum=1)
    """The number of frequencies for each number."""
    plr_hidden_2: int = option(default=4, minimum=2)
    """The size of an embedding, one element of which is the number itself."""
    max_one_hot_cat_size: int = option(default=9, minimum=1)
    """The largest number of categories of a column that is one-hot encoded; larger ones have embeddings. (In the
    package, one of them stands for missing values.)"""
    embedding_size: int = option(default=8, minimum=1)
    """The size of an embedding of a category."""
    p_drop: float = option(default=0.15, minimum=0, maximum=1)
    """The probability of setting an element to 0 during training. (The paper decreases it in the second half.)"""
    weight_init_mode: Literal["std", "normal"] = "std"
    """The initialization of weights: normal, and with "std" scaled so that each output has the standard deviation 1 for
    training rows."""
    bias_init_mode: Literal["he+5", "normal"] = "he+5"
    """The initialization of biases: normal, or with "he+5" so that each activation begins near a random training
    row."""
    zero_init_last_layer: bool = False
    """Initialize the last layer with zeros. (`last_layer_config` of the package.)"""

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module that takes all groups of inputs, fitted to the training rows."""
        from hookline_tabular.modules.realmlp import RealMLP, fitted

        if not groups:
            raise ValueError("It must be the first layer, because it is initialized from the inputs of the data.")
        table = self.table(inputs, groups)
        module = constructed(
            RealMLP,
            table.numbers,
            table.categories,
            n_num=table.n_num_features,
            cardinalities=table.cardinalities,
            d_out=self.d_out,
            hidden_sizes=self.hidden_sizes,
            act=self.act,
            use_parametric_act=self.use_parametric_act,
            add_front_scale=self.add_front_scale,
            num_emb_type=self.num_emb_type,
            plr_sigma=self.plr_sigma,
            plr_hidden_1=self.plr_hidden_1,
            plr_hidden_2=self.plr_hidden_2,
            max_one_hot_cat_size=self.max_one_hot_cat_size,
            embedding_size=self.embedding_size,
            p_drop=self.p_drop,
        )
        if inputs[0].is_meta:
            return module
        return fitted(module, [group.training_rows() for group in groups], **self._initialization)

    @property
    def _initialization(self) -> dict[str, Any]:
        return {
            "most_rows": ROWS_TO_INITIALIZE,
            "weights": self.weight_init_mode,
            "biases": self.bias_init_mode,
            "zero_last": self.zero_init_last_layer,
        }

    def eject(self, script: "Script", module: Any) -> str:
        """Copy the classes to the script, and return a module that is fitted to the training rows."""
        from hookline_tabular.modules.realmlp import fitted

        made = Constructed.eject(self, script, module)
        if not script.batch.training:
            raise cannot_be_written("The rows to initialize it from have no lines.")
        rows = f"[{', '.join(script.batch.training.values())}]"
        options = {name: literal(value) for name, value in self._initialization.items()}
        return call(script.define_copy(fitted), made, rows, **options)

"""The optimizers of torch, each family in a file of its own."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_optimizers.adafactor import Adafactor
from hookline_optimizers.adagrad import Adadelta, Adagrad
from hookline_optimizers.adam import Adam, AdamW
from hookline_optimizers.adam_variants import Adamax, NAdam, RAdam
from hookline_optimizers.averaging import ASGD
from hookline_optimizers.lbfgs import LBFGS
from hookline_optimizers.muon import Muon
from hookline_optimizers.partition import Partition
from hookline_optimizers.rmsprop import RMSprop
from hookline_optimizers.rprop import Rprop
from hookline_optimizers.sgd import SGD
from hookline_optimizers.sparse_adam import SparseAdam


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's optimizers."""
    return (
        ASGD,
        LBFGS,
        SGD,
        Adadelta,
        Adafactor,
        Adagrad,
        Adam,
        AdamW,
        Adamax,
        Muon,
        NAdam,
        Partition,
        RAdam,
        RMSprop,
        Rprop,
        SparseAdam,
    )

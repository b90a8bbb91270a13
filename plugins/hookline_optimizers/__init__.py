"""The optimizers of torch, each family in a file of its own."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's optimizers, by the modules that have them."""
    return Components(
        __name__,
        {
            "adafactor": ("Adafactor",),
            "adagrad": ("Adadelta", "Adagrad"),
            "adam": ("Adam", "AdamW"),
            "adam_variants": ("Adamax", "NAdam", "RAdam"),
            "averaging": ("ASGD",),
            "lbfgs": ("LBFGS",),
            "muon": ("Muon",),
            "partition": ("Partition",),
            "rmsprop": ("RMSprop",),
            "rprop": ("Rprop",),
            "sgd": ("SGD",),
            "sparse_adam": ("SparseAdam",),
        },
    )

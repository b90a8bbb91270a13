"""The optimizers of torch, with one file per family."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the optimizers of this plugin, by module."""
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
            "rprop": ("RMSprop", "Rprop"),
            "sgd": ("SGD",),
            "sparse_adam": ("SparseAdam",),
        },
    )

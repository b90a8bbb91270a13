"""Initialization of parameters: the functions of `torch.nn.init`."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the initializations of this plugin, by module."""
    return Components(
        __name__,
        {
            "torch_functions": (
                "constant_",
                "dirac_",
                "eye_",
                "kaiming_normal_",
                "kaiming_uniform_",
                "normal_",
                "ones_",
                "orthogonal_",
                "sparse_",
                "trunc_normal_",
                "uniform_",
                "xavier_normal_",
                "xavier_uniform_",
                "zeros_",
            ),
        },
    )

"""Complete models for tables, and embeddings of their numbers and categories."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the models and layers of this plugin, by module."""
    return Components(
        __name__,
        {
            "embeddings": ("CategoricalEmbeddings", "LinearEmbeddings", "LinearReLUEmbeddings", "PeriodicEmbeddings"),
            "piecewise_linear": ("PiecewiseLinearEmbeddings",),
            "perceptrons": ("MLP", "ResNet"),
            "ft_transformer": ("FTTransformer",),
            "tabm": ("TabM",),
            "realmlp": ("RealMLP",),
        },
    )

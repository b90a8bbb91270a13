"""Kinds of columns: how the cells of a table become inputs of a model."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the kinds of columns of this plugin, by module."""
    return Components(
        __name__,
        {
            "numbers": ("Number", "Log1p"),
            "quantiles": ("QuantileTransformer",),
            "scalers": ("MinMaxScaler", "RobustScaler", "StandardScaler"),
        },
    )

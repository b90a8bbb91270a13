"""Kinds of columns: how the cells of a table become inputs of a model."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the kinds of columns of this plugin, by module."""
    return Components(
        __name__,
        {
            "booleans": ("Boolean",),
            "dates": ("Date",),
            "discretizer": ("KBinsDiscretizer",),
            "encoders": ("OneHotEncoder", "OrdinalEncoder"),
            "hashing": ("HashingVectorizer",),
            "numbers": ("Binarizer", "Log1p", "Number"),
            "powers": ("PowerTransformer",),
            "quantiles": ("QuantileTransformer",),
            "scaling.limits": ("MaxAbsScaler", "MinMaxScaler"),
            "scaling.robust": ("RobustScaler",),
            "scaling.standard": ("StandardScaler",),
            "tokens": ("Tokens",),
        },
    )

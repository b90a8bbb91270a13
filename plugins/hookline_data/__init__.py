"""Sources of data."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's data sources, by the modules that have them."""
    return Components(
        __name__,
        {
            "csv": ("CSV",),
            "npz": ("NPZ",),
            "pairs": ("Pairs", "RankedPairs"),
            "parquet": ("Parquet",),
            "random": ("Random",),
            "triplets": ("Triplets",),
        },
    )

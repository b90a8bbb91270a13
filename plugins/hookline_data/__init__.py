"""Sources of data."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from hookline import Components, hookimpl
from hookline.spec import SpecDraft


@hookimpl
def register_specs() -> Components:
    """Return the data sources of this plugin, by module."""
    return Components(
        __name__,
        {
            "arrays": ("Arrays",),
            "arrow": ("Arrow",),
            "csv": ("CSV",),
            "data_frame": ("DataFrame",),
            "image_folder": ("ImageFolder",),
            "image_table": ("Images",),
            "json_lines": ("JSONLines",),
            "npz": ("NPZ",),
            "pairs": ("Pairs", "RankedPairs"),
            "parquet": ("Parquet",),
            "random": ("Random",),
            "triplets": ("Triplets",),
        },
    )


@hookimpl
def draft_spec(
    files: Mapping[str, Sequence[Path]],
    directory: Path,
    task: Literal["classes", "number"] | None,
    choose_target: Callable[[Mapping[str, str], str], str],
) -> SpecDraft | None:
    """A spec for a table (CSV, Parquet, Arrow or JSON Lines), arrays (NPZ) or images."""
    from hookline_data.draft.draft import draft_for

    return draft_for(files, directory, task, choose_target)

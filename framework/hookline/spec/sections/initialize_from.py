"""The section `[initialize_from]` of a spec: the weights of another run to begin with."""

import re
from pathlib import Path
from typing import ClassVar, Literal

from hookline.spec.options import option, spec
from hookline.spec.parameters import ParameterSelection


@spec
class InitializeFrom(ParameterSelection):
    """Begin with the weights of another run: all, or those of some layers.

    Each selected parameter and buffer of the model gets the values that it has in the run, if the name and the shape
    are the same. The others are initialized as usual; `hookline plan` lists them. So do the parameters of the loss,
    whose names begin with `criterion.`.
    """

    fingerprints_files: ClassVar[bool] = False

    run: Path
    """The directory of the run, such as "../runs/digits/1". Of a tuned run, its best trial is used."""
    checkpoint: int | Literal["best"] | None = option(default=None, minimum=0)
    """The checkpoint to use: its number of steps, or "best" for the one with the best number that `Checkpoint` monitors
    (`keep_best`). Default: the weights that the run saved at its end, or its newest checkpoint if it has not ended."""

    @classmethod
    def parsed(cls, text: str) -> "InitializeFrom":
        """Return what a text such as `runs/digits/1`, `runs/digits/1:best` or `runs/digits/1:1200` names.

        >>> InitializeFrom.parsed("runs/digits/1:1200")
        InitializeFrom(run=PosixPath('runs/digits/1'), checkpoint=1200)
        """
        found = re.fullmatch(r"(.+):(best|\d+)", text)
        if found is None or Path(text).exists():
            return cls(run=Path(text))
        return cls(run=Path(found[1]), checkpoint="best" if found[2] == "best" else int(found[2]))

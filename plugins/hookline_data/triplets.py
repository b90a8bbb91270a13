"""Triplets of rows."""

from typing import TYPE_CHECKING, Any

from hookline.data import Classes, Target
from hookline.spec import spec
from hookline_data.drawing.drawn import Drawn
from hookline_data.drawing.partners import Groups, check_groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from hookline_data.drawing.partners import Draw


@spec
class Triplets(Drawn):
    """Triplets for TripletMarginLoss: each row of `source` is the `anchor`, another row of its class the `positive`,
    and a row of another class the `negative`. There is no target.

    All other rows of the class are equally likely, and so are all rows of the other classes.
    """

    gives = ("anchor", "positive", "negative")
    groups_by = Classes()

    def drawing_lines(self) -> str:
        """Return the lines that draw the positives of all rows, then the negatives."""
        return "drawn = [np.arange(len(rows)), groups.same(random), groups.other(random)]"

    def draw(self, groups: Groups, split: str, source: Target) -> "Draw":
        """Return a function that draws the positives of all rows, then the negatives."""
        import numpy

        check_groups(groups, split, source)

        def drawn(random: "Generator") -> "Mapping[str, NDArray[Any]]":
            return {
                "anchor": numpy.arange(groups.rows),
                "positive": groups.same(random),
                "negative": groups.other(random),
            }

        return drawn

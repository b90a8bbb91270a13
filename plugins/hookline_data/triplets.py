"""Triplets of rows."""

from typing import TYPE_CHECKING, Any

from hookline.data import Classes, Target
from hookline.spec import spec
from hookline_data.drawing.drawn import Drawn, refuse_what_cannot_be_drawn
from hookline_data.drawing.partners import Groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from hookline_data.drawing.partners import Draw


@spec
class Triplets(Drawn):
    """Each row of a source with classes as the `anchor`, another one of its class as the `positive`, and one of another
    class as the `negative`: for TripletMarginLoss. There is no target.

    Every other row of the class is as likely, and so is every row of the other classes.
    """

    gives = ("anchor", "positive", "negative")
    groups_by = Classes()

    def draw(self, groups: Groups, split: str, source: Target) -> "Draw":
        """First the positives of all rows are drawn, and then the negatives."""
        import numpy

        refuse_what_cannot_be_drawn(groups, split, source)

        def drawn(random: "Generator") -> "Mapping[str, NDArray[Any]]":
            return {
                "anchor": numpy.arange(groups.rows),
                "positive": groups.same(random),
                "negative": groups.other(random),
            }

        return drawn

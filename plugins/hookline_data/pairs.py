"""Pairs of rows."""

from typing import TYPE_CHECKING, Any

from hookline.data import Classes, Numbers, Target
from hookline.errors import DataError, enumerate_names
from hookline.spec import option, spec
from hookline_data.drawing.drawn import Drawn, refuse_what_cannot_be_drawn
from hookline_data.drawing.partners import Groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from hookline_data.drawing.partners import Draw


@spec
class Pairs(Drawn):
    """Each row of a source with classes as `input1`, with another one as `input2`; the target is whether they are of
    one class, "same", or "different".

    That is 1 or -1 for CosineEmbeddingLoss and HingeEmbeddingLoss, and 1 or 0 for BCEWithLogitsLoss.
    """

    same: float = option(default=0.5, above=0, below=1)
    """How likely the second row is of the same class as the first."""

    gives = ("input1", "input2")
    outcomes = ("different", "same")
    groups_by = Classes()

    def draw(self, groups: Groups, split: str, source: Target) -> "Draw":
        """First it is drawn which pairs are of one class, then for all rows one of the same class and one of others."""
        import numpy

        refuse_what_cannot_be_drawn(groups, split, source)

        def drawn(random: "Generator") -> "Mapping[str, NDArray[Any]]":
            is_same = random.random(groups.rows) < self.same
            same, other = groups.same(random), groups.other(random)
            return {
                "input1": numpy.arange(groups.rows),
                "input2": numpy.where(is_same, same, other),
                "target": is_same.astype(numpy.int64),
            }

        return drawn


@spec
class RankedPairs(Drawn):
    """Each row of a source with numbers as `input1`, with another one as `input2`, whose number is another one; the
    target is whether the first is "less" than the second or "more".

    That is -1 or 1 for MarginRankingLoss, and 0 or 1 for BCEWithLogitsLoss. Every row with another number is as likely.
    """

    gives = ("input1", "input2")
    outcomes = ("less", "more")
    groups_by = Numbers()

    def draw(self, groups: Groups, split: str, source: Target) -> "Draw":
        """For all rows one with another number is drawn."""
        import numpy

        if len(source.columns) > 1:
            raise DataError(
                f"RankedPairs ranks by one target, and {enumerate_names(source.columns)} are given.",
                option=("source",),
                columns=source.columns,
            )
        if groups.is_one:
            raise DataError(
                f'All rows of the {split} split have the same "{", ".join(source.columns)}": none ranks higher.',
                option=("source",),
            )

        def drawn(random: "Generator") -> "Mapping[str, NDArray[Any]]":
            first = numpy.arange(groups.rows)
            second = groups.other(random)
            return {
                "input1": first,
                "input2": second,
                "target": (groups.labels > groups.labels[second]).astype(numpy.int64),
            }

        return drawn

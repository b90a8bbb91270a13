"""Pairs of rows."""

from typing import TYPE_CHECKING, Any

from hookline.data import Classes, Numbers, Target
from hookline.errors import DataError, enumerate_names
from hookline.spec import option, spec
from hookline_data.drawing.drawn import Drawn
from hookline_data.drawing.partners import Groups, check_groups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from hookline_data.drawing.partners import Draw


@spec
class Pairs(Drawn):
    """Pairs of rows from a source with classes: each row is `input1` and a drawn row is `input2`. The target is "same"
    if both have the same class, otherwise "different".

    The target is encoded as 1 and -1 for CosineEmbeddingLoss and HingeEmbeddingLoss, and as 1 and 0 for
    BCEWithLogitsLoss.
    """

    same: float = option(default=0.5, above=0, below=1)
    """The probability that both rows have the same class."""

    gives = ("input1", "input2")
    outcomes = ("different", "same")
    groups_by = Classes()

    def drawing_lines(self) -> str:
        """Return the lines that draw which pairs have the same class, then both candidates for every row."""
        return f"""
            first = np.arange(len(rows))
            is_same = random.random(len(rows)) < {self.same}
            second = np.where(is_same, groups.same(random), groups.other(random))
            drawn = [first, second]
            outcome = is_same.astype(int)
        """

    def draw(self, groups: Groups, split: str, source: Target) -> "Draw":
        """Return a function that draws which pairs have the same class, then both candidates for every row."""
        import numpy

        check_groups(groups, split, source)

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
    """Pairs of rows from a source with numbers: each row is `input1`, and a row with a different number is `input2`.
    The target is "less" if the number of `input1` is smaller, otherwise "more".

    The target is encoded as -1 and 1 for MarginRankingLoss, and as 0 and 1 for BCEWithLogitsLoss. All rows with a
    different number are equally likely.
    """

    gives = ("input1", "input2")
    outcomes = ("less", "more")
    groups_by = Numbers()

    def drawing_lines(self) -> str:
        """Return the lines that draw a row with a different number for each row."""
        return """
            first = np.arange(len(rows))
            second = groups.other(random)
            drawn = [first, second]
            outcome = (labels > labels[second]).astype(int)
        """

    def draw(self, groups: Groups, split: str, source: Target) -> "Draw":
        """Return a function that draws a row with a different number for each row."""
        import numpy

        if len(source.columns) > 1:
            raise DataError(
                f"RankedPairs ranks by one target, but {enumerate_names(source.columns)} are given.",
                option=("source",),
                columns=source.columns,
            )
        if groups.is_one:
            raise DataError(
                f'All rows of the {split} split have the same "{", ".join(source.columns)}", so there is nothing to '
                "rank.",
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

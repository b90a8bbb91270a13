"""The assignment of predicted to true classes for which most rows are right."""

from typing import Any


def most_assigned(table: Any) -> int:
    """Return the largest sum of counts of which no two are in the same row or column of the table.

    The Hungarian algorithm with shortest augmenting paths: Jonker and Volgenant, https://doi.org/10.1007/BF02278710.

    >>> import numpy
    >>> most_assigned(numpy.array([[3, 4], [0, 2]]))
    5
    """
    import numpy

    counts = table if table.shape[0] <= table.shape[1] else table.T
    rows, columns = counts.shape
    costs = (counts.max() - counts).astype(numpy.int64)
    # The last column is the start of a path, and is assigned to the row that is added.
    of_row, of_column = costs.min(axis=1), numpy.zeros(columns + 1, dtype=numpy.int64)
    assigned = numpy.full(columns + 1, -1)
    for row in range(rows):
        if len(best := numpy.flatnonzero((costs[row] == of_row[row]) & (assigned[:-1] < 0))):
            assigned[best[0]] = row
    for row in sorted({*range(rows)} - {*assigned.tolist()}):
        least = numpy.full(columns, numpy.iinfo(numpy.int64).max)
        before, is_done = numpy.full(columns, columns), numpy.zeros(columns + 1, dtype=bool)
        place = columns
        assigned[columns] = row
        while assigned[place] >= 0:
            is_done[place] = True
            reduced = costs[assigned[place]] - of_row[assigned[place]] - of_column[:-1]
            is_less = ~is_done[:-1] & (reduced < least)
            least[is_less], before[is_less] = reduced[is_less], place
            following = int(numpy.where(is_done[:-1], numpy.iinfo(numpy.int64).max, least).argmin())
            step = least[following]
            of_row[assigned[is_done]] += step
            of_column[is_done] -= step
            least[~is_done[:-1]] -= step
            place = following
        while place != columns:
            assigned[place] = assigned[before[place]]
            place = before[place]
    return int(counts[assigned[:-1][assigned[:-1] >= 0], numpy.flatnonzero(assigned[:-1] >= 0)].sum())

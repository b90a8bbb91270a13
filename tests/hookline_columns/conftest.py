"""Fit a kind to training rows, and transform other rows."""

import numpy
import pyarrow
import pytest


@pytest.fixture
def applied():
    """Return the numbers of each row of `rows`, after a kind was fitted to `training`."""

    def applied(kind, training, rows=None):
        cells, others = (
            made if isinstance(made, pyarrow.Array) else pyarrow.array(made)
            for made in (training, training if rows is None else rows)
        )
        parsed, unfit = kind.parse(cells)
        assert unfit is None
        fitted = kind.fit(parsed)
        found = kind.transform(kind.parse(others)[0], fitted)
        if pyarrow.types.is_fixed_size_list(found.type):
            assert len(kind.names("x", fitted)) == found.type.list_size
            return found.flatten().to_numpy(zero_copy_only=False).reshape(len(others), -1).astype(numpy.float64)
        return found.to_pylist() if pyarrow.types.is_large_list(found.type) else found.to_numpy()

    return applied

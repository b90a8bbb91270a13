"""The base of sources with the rows of another source."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from attrs import evolve

from hookline.spec import DataSpec
from hookline_data.layout import checks


class WithInnerSource(DataSpec):
    """A source whose option `source` is another source, which reads and splits the rows."""

    if TYPE_CHECKING:
        source: DataSpec

    def with_rows(self, rows: Any) -> Self:
        """Return the same source with these rows, which are what the inner source takes."""
        with checks.within_source():
            return evolve(self, source=self.source.with_rows(rows))  # type: ignore[misc]

    def without_validation(self) -> Mapping[str, Any]:
        """Return the options that add the validation rows of the inner source to its training rows."""
        return {"source": self.source.without_validation()}

    def each_fold(self) -> tuple[Self, ...]:
        """Return this source once for each fold of its rows."""
        return tuple(evolve(self, source=source) for source in self.source.each_fold())  # type: ignore[misc]

    @property
    def has_validation(self) -> bool | None:
        """Whether the inner source has a validation split."""
        return self.source.has_validation

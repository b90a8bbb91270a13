"""Images in JSON: the files in base64. They are never paths, because the rows come from strangers."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from hookline.data import RowBlock

DATA_URL = "data:"
"""The beginning of the texts with which browsers hand out files: `data:image/png;base64,…`."""

GRAY = 128
"""The brightness of an example."""


@frozen
class EncodedImage:
    """The file of an image in base64."""

    text: str
    """The text, which may begin as a data URL."""

    def opened(self) -> BytesIO:
        """Return the file. Raises a `ValueError` if the text is not base64."""
        text = self.text.partition(",")[2] if self.text.startswith(DATA_URL) else self.text
        try:
            return BytesIO(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            raise ValueError("It is not a file in base64.") from None


def gray_image(mode: str, shape: tuple[int, ...]) -> str:
    """Return a gray image of this shape, `(channels, height, width)`, as an example: a PNG file in base64."""
    from PIL import Image

    file = BytesIO()
    Image.new("L", (shape[2], shape[1]), GRAY).convert(mode).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@frozen(kw_only=True, eq=False)
class EncodedRows:
    """Rows of JSON with images in base64."""

    rows: Sequence[Mapping[str, Any]]
    """The rows, with the names of the columns of the table."""
    column: str
    """The column of the images in the table."""
    name: str
    """The name of the images in JSON, which messages have."""

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], column: str, name: str) -> "EncodedRows":
        """Return rows of JSON.

        Raises:
            DataError: If a row has no image.

        """
        for number, row in enumerate(rows, 1):
            if name not in row:
                message = f'row {number}: There is no column "{name}".{did_you_mean(name, row)}'
                raise DataError(message, row=number)
        if column != name:
            rows = [{column: row[name], **{key: row[key] for key in row if key not in (name, column)}} for row in rows]
        return cls(rows=rows, column=column, name=name)

    def named(self, blocks: "Iterator[RowBlock]") -> "Iterator[RowBlock]":
        """Yield blocks whose problems have the name of the images in JSON."""
        for block in blocks:
            yield evolve(block, problems=[self._named(problem) for problem in block.problems])

    def _named(self, problem: DataError) -> DataError:
        return problem.changed(columns=[self.name]) if problem.columns == (self.column,) else problem

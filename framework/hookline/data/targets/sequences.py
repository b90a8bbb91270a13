"""Targets that are variable-length sequences of classes."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data.targets.encoding import Columns, Encoding, Target, one_class, rows_of
from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names, quoted_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@frozen
class Sequences(Encoding):
    """A sequence of classes per row, such as the characters of a word: int64 of shape `(N, steps)`, padded with -1."""

    kind = "sequences"
    takes_text_cells = True

    blank: int = 0
    """The index of the blank, which separates classes and is not a class itself."""

    def learn(self, columns: Columns, loss: str) -> Target:
        """Return the classes: the distinct characters of a text column, sorted, with "" at the index of the blank.

        Integers in a two-dimensional column, padded with -1, are class indices.
        """
        if len(columns) != 1:
            raise DataError(
                f"{loss} needs one target column with sequences, but {enumerate_names(columns)} are given.",
                columns=columns,
            )
        [(column, cells)] = columns.items()
        names: list[str | int]
        if cells.ndim == 2:
            names = [index for index in range(int(cells.max()) + 1) if index != self.blank]
        else:
            names = sorted({letter for cell in _texts(cells) for letter in cell})
        if len(names) < 2:
            raise one_class(column, names)
        if self.blank > len(names):
            raise DataError(f"The blank has the index {self.blank}, but {loss} has only {len(names)} other classes.")
        return Target(columns=(column,), classes=(*names[: self.blank], "", *names[self.blank :]))

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """Return the class indices of each row, padded with -1."""
        import torch

        [(column, cells)] = columns.items()
        assert known.classes is not None
        if cells.ndim == 2:
            if (cells == self.blank).any():
                raise DataError(
                    f'The target "{column}" has {self.blank} in {rows_of(split)}, which is the index of the blank.',
                    columns=[column],
                )
            if cells.max() >= len(known.classes):
                raise DataError(
                    f'The class {cells.max()} of "{column}" occurs in {rows_of(split)} but not in the training split.',
                    columns=[column],
                )
            return torch.from_numpy(cells).long()
        index = {letter: place for place, letter in enumerate(known.classes)}
        if unknown := sorted({letter for cell in _texts(cells) for letter in cell} - set(index)):
            raise DataError(
                f'{quoted_cell(unknown[0])} of "{column}" occurs in {rows_of(split)} but not in the training split.',
                columns=[column],
            )
        rows = [torch.tensor([index[letter] for letter in cell]) for cell in _texts(cells)]
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)


def _texts(cells: "NDArray[Any]") -> list[str]:
    """Return the cells as strings."""
    return [str(cell) for cell in cells.tolist()]

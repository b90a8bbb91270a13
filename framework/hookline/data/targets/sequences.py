"""Targets that are sequences of classes, of different lengths."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data.targets.encoding import Columns, Encoding, Target, one_class
from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names, quoted_cell

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@frozen
class Sequences(Encoding):
    """A sequence of classes for each row, such as a word's letters: int64 of shape `(N, steps)`, padded with -1."""

    blank: int = 0
    """The index that is no class, and stands between them."""

    def learn(self, columns: Columns, loss: str) -> Target:
        """The classes: the different letters of a column of text, sorted, and an empty one in the place of the blank.

        Of a column that has sequences of whole numbers (two dimensions, padded with -1) the numbers are the indices.
        """
        if len(columns) != 1:
            raise DataError(
                f"{loss} needs one target column with sequences, and {enumerate_names(columns)} are given.",
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
            raise DataError(f"The blank has the index {self.blank}, and {loss} has {len(names)} classes beside it.")
        return Target(columns=(column,), classes=(*names[: self.blank], "", *names[self.blank :]))

    def apply(self, columns: Columns, known: Target, loss: str, split: str) -> "Tensor":
        """The indices of each row's classes, and then -1."""
        import torch

        [(column, cells)] = columns.items()
        assert known.classes is not None
        if cells.ndim == 2:
            if (cells == self.blank).any():
                raise DataError(
                    f'The target "{column}" has {self.blank} in the {split} split, which is the index of the blank.',
                    columns=[column],
                )
            if cells.max() >= len(known.classes):
                raise DataError(
                    f'The class {cells.max()} of "{column}" occurs in the {split} split and not in the training split: '
                    f"it cannot be learnt.",
                    columns=[column],
                )
            return torch.from_numpy(cells).long()
        index = {letter: place for place, letter in enumerate(known.classes)}
        if unknown := sorted({letter for cell in _texts(cells) for letter in cell} - set(index)):
            raise DataError(
                f'{quoted_cell(unknown[0])} of "{column}" occurs in the {split} split and not in the training split: '
                f"it cannot be learnt.",
                columns=[column],
            )
        rows = [torch.tensor([index[letter] for letter in cell]) for cell in _texts(cells)]
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)


def _texts(cells: "NDArray[Any]") -> list[str]:
    """Cells as text; whole numbers as they are written."""
    return [str(cell) for cell in cells.tolist()]

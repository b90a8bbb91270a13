"""Targets that are variable-length sequences of classes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data.targets.encoding import Columns, Encoding, Target, by_row, one_class, rows_of
from hookline.errors.exceptions import DataError
from hookline.errors.text import enumerate_names, quoted_cell
from hookline.errors.unfit import UnfitCells, UnfitTargetsError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script.script import Script


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
            _refuse_other_numbers(column, cells, "training")
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
            _refuse_other_numbers(column, cells, split)
            self._refuse_indices(column, cells, len(known.classes), split)
            return torch.from_numpy(cells).long()
        index = {letter: place for place, letter in enumerate(known.classes)}
        texts = _texts(cells)
        if unknown := sorted({letter for text in texts for letter in text} - set(index)):
            raise _unknown_letters(column, texts, unknown, split)
        # An empty text has no elements, from which torch could infer the type.
        rows = [torch.tensor([index[letter] for letter in text], dtype=torch.int64) for text in texts]
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-1)

    def eject(self, script: "Script", columns: Mapping[str, str], known: Target, training: str) -> str:
        """Return the class indices, or the index of each character, padded with -1."""
        [cells] = columns.values()
        if all(isinstance(name, int) or not name for name in known.classes or ()):
            return f"torch.from_numpy({cells}).long()"
        script.use("from torch.nn.utils.rnn import pad_sequence")
        blank = self.blank
        script.add("prepare", f"letters = sorted(set().union(*map(set, {cells}[{training}].tolist())))", apart=False)
        script.add("prepare", f'letters.insert({blank}, "")  # The blank.', apart=False)
        indices = "torch.tensor([letters.index(letter) for letter in word], dtype=torch.int64)"
        script.add("prepare", f"words = [{indices} for word in {cells}.tolist()]", apart=False)
        return "pad_sequence(words, batch_first=True, padding_value=-1)"

    def _refuse_indices(self, column: str, cells: "NDArray[Any]", classes: int, split: str) -> None:
        """Raise an `UnfitTargetsError` for the index of the blank, and for those that do not occur in training."""
        is_blank = cells == self.blank
        if not (is_wrong := is_blank | (cells >= classes)).any():
            return

        def explain(row: int) -> str:
            index = cells[row][is_wrong[row]][0]
            if index == self.blank:
                return f"{index} is the index of the blank."
            return f"The class {index} does not occur in the training split."

        if is_blank.any():
            message = f'The target "{column}" has {self.blank} in {rows_of(split)}, which is the index of the blank.'
        else:
            message = f'The class {cells.max()} of "{column}" occurs in {rows_of(split)} but not in the training split.'
        raise UnfitTargetsError(message, {column: UnfitCells(by_row(is_wrong), explain)})


def _refuse_other_numbers(column: str, cells: "NDArray[Any]", split: str) -> None:
    """Raise an `UnfitTargetsError` for numbers that are not integers, or below the padding of -1."""
    import numpy

    is_wrong = cells < -1
    if cells.dtype.kind == "f":
        is_wrong |= (cells != numpy.floor(cells)) | numpy.isinf(cells)
    if not is_wrong.any():
        return

    def explain(row: int) -> str:
        return f"{cells[row][is_wrong[row]][0]:g} is not the index of a class."

    message = (
        f'The target "{column}" has {cells[is_wrong][0]:g} in {rows_of(split)}, which is not the index of a class.'
    )
    raise UnfitTargetsError(message, {column: UnfitCells(by_row(is_wrong), explain)})


def _unknown_letters(column: str, texts: Sequence[str], unknown: Sequence[str], split: str) -> UnfitTargetsError:
    """Return the error for characters that do not occur in the training rows."""
    import numpy

    letters = set(unknown)
    is_unfit = numpy.array([not letters.isdisjoint(text) for text in texts])

    def explain(row: int) -> str:
        letter = next(letter for letter in texts[row] if letter in letters)
        return f"{quoted_cell(letter)} does not occur in the training split."

    message = f'{quoted_cell(unknown[0])} of "{column}" occurs in {rows_of(split)} but not in the training split.'
    return UnfitTargetsError(message, {column: UnfitCells(is_unfit, explain)})


def _texts(cells: "NDArray[Any]") -> list[str]:
    """Return the cells as strings."""
    return [str(cell) for cell in cells.tolist()]

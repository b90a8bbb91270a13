"""Sequences that a loss such as CTCLoss predicts: their errors, counted batch by batch, and the worst of them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from hookline.data.targets.encoding import Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookline.spec.objective.predicted import Predicted
    from hookline.trained.numbers.confusion import Confusion

MOST_WORST = 12
"""The number of worst sequences that are kept."""

NOTHING = "(nothing)"
"""The name of what stands opposite to a missing or an extra symbol."""


@frozen(kw_only=True)
class WrongSequence:
    """A sequence with errors."""

    row: int
    """The number of the row in the split or the source, counted from 1."""
    truth: str
    """The true sequence as text."""
    predicted: str
    """The predicted sequence as text."""
    substituted: int
    """The number of true symbols in whose place another one is predicted."""
    missing: int
    """The number of true symbols in whose place nothing is predicted."""
    extra: int
    """The number of predicted symbols that have no true one."""

    @property
    def errors(self) -> int:
        """The Levenshtein distance: the sum of these numbers."""
        return self.substituted + self.missing + self.extra


@frozen(kw_only=True, eq=False)
class SequenceDetails:
    """The predicted sequences of a target, aligned with the true ones with as few errors as possible."""

    name: str
    """The name of the loss in `[losses]`; empty if there is only one."""
    known: Target
    """The columns and the classes of the target."""
    symbols: Sequence[str]
    """The names of the symbols, and at the end `NOTHING`."""
    confusion: "Confusion"
    """How often each symbol is predicted in the place of each other one: the last class is `NOTHING`."""
    by_errors: "NDArray[Any]"
    """The number of sequences with 0 errors, 1 error and so on, int64."""
    empty: int
    """The number of sequences for which nothing is predicted, although the true one is not empty."""
    substituted: int
    """The number of symbols in whose place another one is predicted."""
    missing: int
    """The number of symbols in whose place nothing is predicted."""
    extra: int
    """The number of predicted symbols that have no true one."""
    worst: Sequence[WrongSequence]
    """The sequences with the most errors per true symbol, the worst first."""

    @property
    def title(self) -> str:
        """The name of the target in tables and titles: that of its loss, or of its only column."""
        return self.name or (self.known.columns[0] if len(self.known.columns) == 1 else "")

    @property
    def rows(self) -> int:
        """The number of sequences."""
        return int(self.by_errors.sum())

    @property
    def right(self) -> int:
        """The number of sequences without an error."""
        return int(self.by_errors[0]) if len(self.by_errors) else 0

    @property
    def length(self) -> int:
        """The number of symbols of all true sequences."""
        return int(self.confusion.by_class().rows[:-1].sum())

    @property
    def errors(self) -> int:
        """The sum of the Levenshtein distances."""
        return self.substituted + self.missing + self.extra

    def occurring(self) -> list[int]:
        """Return the indices of the symbols that occur, in the truth or in predictions: not the blank, for example."""
        counts = self.confusion.by_class()
        return [index for index in range(len(self.symbols) - 1) if counts.rows[index] or counts.predicted[index]]


@define
class GatheredSequences:
    """The sequences of one target so far. Only counts and the worst ones are kept."""

    name: str
    first: "Predicted"
    confusion: "Confusion | None" = None
    by_errors: "list[int]" = field(factory=list)
    empty: int = 0
    counts: "list[int]" = field(factory=lambda: [0, 0, 0])
    worst: list[tuple[float, int, WrongSequence]] = field(factory=list)

    def add(self, one: "Predicted", row: int) -> None:
        """Add the sequences of a batch, whose first row has this number."""
        import numpy

        from hookline.trained.numbers.alignment import aligned

        truth, predicted = one.truth.cpu().numpy(), one.predictions.cpu().numpy()
        found = aligned(truth, predicted)
        added = found.confusion(len(self.first.names))
        self.confusion = added if self.confusion is None else self.confusion + added
        counted = numpy.bincount(found.errors, minlength=len(self.by_errors))
        counted[: len(self.by_errors)] += numpy.array(self.by_errors, dtype=counted.dtype)
        self.by_errors = counted.tolist()
        lengths = (truth >= 0).sum(axis=1)
        self.empty += int((((predicted >= 0).sum(axis=1) == 0) & (lengths > 0)).sum())
        each = found.substituted, found.missing, found.extra
        self.counts = [before + int(now.sum()) for before, now in zip(self.counts, each, strict=True)]
        rates = found.errors / numpy.maximum(lengths, 1)
        order = numpy.argsort(-rates, kind="stable")[:MOST_WORST]
        for place in order[found.errors[order] > 0].tolist():
            wrong = WrongSequence(
                row=row + place,
                truth=_text(truth[place], self.first.names),
                predicted=_text(predicted[place], self.first.names),
                substituted=int(each[0][place]),
                missing=int(each[1][place]),
                extra=int(each[2][place]),
            )
            self.worst.append((-float(rates[place]), wrong.row, wrong))
        self.worst = sorted(self.worst, key=lambda entry: entry[:2])[:MOST_WORST]

    def details(self) -> SequenceDetails:
        """Return what was gathered."""
        import numpy

        assert self.confusion is not None
        substituted, missing, extra = self.counts
        return SequenceDetails(
            name=self.name,
            known=self.first.known,
            symbols=(*self.first.names, NOTHING),
            confusion=self.confusion,
            by_errors=numpy.array(self.by_errors, dtype=numpy.int64),
            empty=self.empty,
            substituted=substituted,
            missing=missing,
            extra=extra,
            worst=[wrong for *_, wrong in self.worst],
        )


def _text(sequence: "NDArray[Any]", names: Sequence[str]) -> str:
    """Return a sequence as text, in the same form as `hookline predict`."""
    between = "" if all(len(name) <= 1 for name in names) else " "
    return between.join(names[index] for index in sequence.tolist() if index >= 0)


def sequences_as_json(details: SequenceDetails) -> Mapping[str, Any]:
    """Return the numbers as JSON values."""
    counts = details.confusion.by_class()
    return {
        "right": details.right,
        "symbols": details.length,
        "substituted": details.substituted,
        "missing": details.missing,
        "extra": details.extra,
        "by_errors": details.by_errors.tolist(),
        "classes": {
            details.symbols[index]: {
                "rows": int(counts.rows[index]),
                "predicted": int(counts.predicted[index]),
                "precision": float(counts.precision[index]),
                "recall": float(counts.recall[index]),
                "f1": float(counts.f1[index]),
            }
            for index in details.occurring()
        },
        "confused": [
            {"truth": details.symbols[truth], "predicted": details.symbols[predicted], "rows": rows}
            for truth, predicted, rows in details.confusion.most_confused()
        ],
        "worst": [
            {"row": one.row, "truth": one.truth, "predicted": one.predicted, "errors": one.errors}
            for one in details.worst
        ],
    }

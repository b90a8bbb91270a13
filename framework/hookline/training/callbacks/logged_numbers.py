"""The numbers that a spec logs, and the name that was probably meant by one that is not logged."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from attrs import frozen

from hookline.errors.suggestions import nearest
from hookline.errors.text import enumerate_names
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.families.metric import MetricSpec
from hookline.spec.objective.objective import Objective
from hookline.spec.training import TrainingSpec

WRITTEN = {"validation": ("val", "valid"), "training": ("train",)}
"""Other names of the splits, as in "val_loss". A name without a split is looked up in the first split first."""


@frozen
class Logging:
    """The sections of a spec that determine which numbers are logged."""

    objective: Objective
    metrics: Sequence[MetricSpec]
    callbacks: Sequence[WrapperSpec]

    @classmethod
    def of(cls, spec: TrainingSpec) -> "Logging":
        """The sections of a whole spec."""
        return cls(spec.objective, spec.metrics, spec.callbacks)


def selected_numbers(patterns: Iterable[str], names: Iterable[str]) -> list[str]:
    """The names that equal a pattern or match one with "*", without duplicates, in the order of the patterns.

    >>> selected_numbers(["lr", "*/loss[*]"], ["training/loss", "training/loss[size]", "lr"])
    ['lr', 'training/loss[size]']
    """
    found: dict[str, None] = {}
    names = list(names)
    for pattern in patterns:
        # Brackets are part of the names of losses, not a set of characters.
        wanted = pattern.replace("[", "[[]")
        found |= dict.fromkeys(name for name in names if name == pattern or fnmatchcase(name, wanted))
    return list(found)


def refusal_of_one(logging: Logging, name: str, *, has_validation: bool, has_others: bool) -> str | None:
    """The message for a name, which must not be a pattern; `None` if it is or may be logged."""
    known = _logged(logging, has_validation=has_validation)
    selected = [] if name in known else selected_numbers([name], known)
    if "*" in name and selected:
        return f" It must be the name of one number, not a pattern.{hint(None, known)}"
    return refusal(logging, name, has_validation=has_validation, has_others=has_others)


def refusal(logging: Logging, name: str, *, has_validation: bool, has_others: bool) -> str | None:
    """The message for a name or pattern that selects nothing that is logged; `None` if it selects something, or may.

    `has_others` says whether plugins may log numbers in addition to the spec.
    """
    with_validation = _logged(logging, has_validation=True)
    known = with_validation if has_validation else _logged(logging, has_validation=False)
    if any(callback.logs is None for callback in logging.callbacks):
        return None
    if selected_numbers([name], known) or selected_numbers(known, [name]):
        return None
    if has_others and not ("/" in name or any(other.endswith(f"/{name}") for other in known)):
        return None
    meant = meant_number(name, with_validation)
    if meant is not None and meant not in known:
        return f" The data has no validation split.{hint(None, known)}"
    return hint(meant, known)


def _logged(logging: Logging, *, has_validation: bool) -> list[str]:
    """The known names of the numbers that are logged; those of callbacks may be patterns."""
    losses = ["loss", *(f"loss[{name}]" for name in logging.objective.names)]
    known = [f"training/{loss}" for loss in losses]
    if has_validation:
        known += [f"validation/{name}" for name in (*losses, *(metric.label for metric in logging.metrics))]
    known += [name for callback in logging.callbacks for name in callback.logs or ()]
    return list(dict.fromkeys(known))


def meant_number(name: str, known: Collection[str]) -> str | None:
    """The name that was probably meant: with its split, with another name of the split, or without a split.

    >>> known = ["training/loss", "validation/loss", "validation/Accuracy", "validation/F1Score"]
    >>> [meant_number(name, known) for name in ("vall_loss", "validation/acc", "acc", "loss", "trainig/loss")]
    ['validation/loss', 'validation/Accuracy', 'validation/Accuracy', 'validation/loss', 'training/loss']
    >>> {meant_number(name, known) for name in ("validation/F1", "training/f1", "val_F1", "F1")}
    {'validation/F1Score'}
    """
    labels: dict[str, dict[str, str]] = {split: {} for split in WRITTEN}
    for other in known:
        split, slash, label = other.partition("/")
        if slash:
            labels.setdefault(split, {})[label] = other
    for split in labels:
        for way in (split, *WRITTEN.get(split, ())):
            if name.lower().startswith((f"{way}/", f"{way}_")):
                # The split is known, so its letters say nothing about the label, which may be in another split.
                of_the_splits = [labels[split], *(others for others in labels.values() if others is not labels[split])]
                return next(filter(None, (_called(name[len(way) + 1 :], one) for one in of_the_splits)), None)
    written = {other: other for other in known}
    for split, ways in WRITTEN.items():
        for label, other in labels[split].items():
            forms = [f"{way}{between}{label}" for way in (split, *ways) for between in "_/"]
            written = {**dict.fromkeys((*forms, label), other), **written}
    return _called(name, written)


def _called(name: str, known: Mapping[str, str]) -> str | None:
    """The number with this or a similar name, or one that starts with at least two such letters."""
    near = nearest(name, known)
    begun = [other for other in known if len(name) > 1 and other.lower().startswith(name.lower())]
    near = near or min(begun, key=len, default=None)
    return None if near is None else known[near]


def hint(meant: str | None, known: Collection[str]) -> str:
    """The name that was meant, and the names that are logged."""
    names = [name for name in known if "*" not in name]
    question = "" if meant is None or "*" in meant else f' Did you mean "{meant}"?'
    return f"{question} Logged: {enumerate_names(names)}."

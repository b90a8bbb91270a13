"""What callbacks that write predictions share."""

from collections.abc import Collection

from hookline.errors import OptionError
from hookline.spec import OFFERING, NamedLoss, Objective, Offers


def refuse_loss(objective: Objective, target: str | None, kinds: Collection[Offers], what_for: str) -> NamedLoss:
    """Return the loss of a target. Raise an `OptionError` if there is none, or if it offers none of these kinds.

    `what_for` is the beginning of the message, such as "ConfusionMatrix counts classes".
    """
    try:
        named = objective.named(target)
    except OptionError as error:
        raise error.related_to(next(iter(objective.losses.values())).path[:1]) from None
    if named.loss.offers not in kinds:
        message = f"{what_for}, but {type(named.loss).__name__} {OFFERING[named.loss.offers]}."
        raise OptionError("type", message, against=[(*named.path, "type")])
    return named

"""Checks of losses for callbacks that write predictions."""

from collections.abc import Collection

from hookline.errors import OptionError
from hookline.spec import LossSpec, Objective, Offers


def refuse_loss(
    objective: Objective, target: str | None, kinds: Collection[Offers], what_for: str
) -> tuple[LossSpec, tuple[str, ...]]:
    """Return the loss of a target and the path of its type.

    `what_for` is the beginning of the message, such as "ConfusionMatrix counts classes".

    Raises:
        OptionError: If there is no such loss, or if it offers none of these kinds.

    """
    try:
        named = objective.named(target)
    except OptionError as error:
        raise error.related_to(next(iter(objective.losses.values())).path[:1]) from None
    path = (*named.path, "type")
    if named.loss.offers not in kinds:
        raise OptionError("type", f"{what_for}, but {named.loss.offer()}.", against=[path])
    return named.loss, path

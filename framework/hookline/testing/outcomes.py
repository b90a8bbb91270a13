"""The outcomes of a check of the kit, raised if a plugin or a component does not conform or is not concerned."""

from typing import NoReturn


class NotConforming(AssertionError):  # noqa: N818 - A result, not a program error.
    """A check failed: the message says what is wrong and what to do."""


class NotApplicable(Exception):  # noqa: N818 - Not an error.
    """A check does not apply: the message says why."""


def refuse(message: str) -> NoReturn:
    """Fail the check with this message."""
    raise NotConforming(message)

"""The error for a wrong argument of a function, which may also be an option of a command."""

from hookline.errors.exceptions import HooklineError


class ArgumentError(HooklineError):
    """Raised when an argument of a function has a wrong value. A command names its option instead: see `of_option`."""

    def __init__(self, argument: str, message: str, *, option: str | None = None):
        """Create the error from the name of the argument, and what is wrong, in sentences.

        `option` is the option of commands for the argument if it has another name.
        """
        self.message = message
        self.option = f"--{argument.replace('_', '-')}" if option is None else option
        super().__init__(f"{argument}: {message}")

    @property
    def of_option(self) -> str:
        """The message for an option of the command line.

        >>> ArgumentError("batch_size", "This must be at least 1, not 0.").of_option
        '--batch-size: This must be at least 1, not 0.'
        """
        return f"{self.option}: {self.message}"


def refuse_unless_positive(argument: str, value: int | None) -> None:
    """Raise an `ArgumentError` unless the value of an argument is a positive integer, or `None`."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise ArgumentError(argument, f"This must be an integer, not {value!r}.")
    if value is not None and value < 1:
        raise ArgumentError(argument, f"This must be at least 1, not {value}.")

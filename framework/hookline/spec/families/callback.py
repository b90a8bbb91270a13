"""Callbacks and other wrappers around stages."""

from collections.abc import Mapping
from inspect import getattr_static, signature
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.errors.option_errors import OptionError
from hookline.script.written import without_lines
from hookline.spec.options import Spec, option, spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hookline.script.script import Script


class WrapperSpec(Spec):
    """A component that wraps stages: a callback, or a scheduler."""

    __slots__ = ()
    family = "callback"
    behavior = ("build",)

    replaces_weights: ClassVar[bool] = False
    """Whether it replaces the weights of the model at the end of training. Only one component of a spec can do so. It
    sets `run.state.weights` to describe them."""

    least_epochs: ClassVar[int | None] = None
    """If it may end the run early, the number of epochs after which it does so at the earliest; `None` if it does not.
    Traces are then begun only if they are expected to earn back their cost in these epochs."""

    follows_validation: ClassVar[bool] = False
    """Whether it decides by numbers of the validation split when the training ends, or which weights it keeps, and does
    nothing else. The option `refit` of a tuner, which trains without a validation split, leaves it out."""

    is_part_of_model: ClassVar[bool | None] = None
    """Whether predictions need it, because it changes the model, or what `forward`, `loss` or `predict` return outside
    of training steps. It then also wraps the stages of a finished run. `None` means that this follows from its stages:
    it is needed if it wraps `build_model`, `select_loss`, `forward`, `loss` or `predict`."""

    logs: ClassVar[tuple[str, ...] | None] = None
    """The names of the numbers that it adds to the log, or patterns with "*". `None` means unknown; then
    misspelled names in options such as `monitor` cannot be reported."""

    mixes_rows: ClassVar[bool] = False
    """Whether it mixes rows of a batch, so that computing a batch in parts gives another result. Together with
    `run.accumulate` this is reported."""

    unstackable: ClassVar[str] = ""
    """Why trials with it cannot be trained together: see `vectorize` of a tuner. Empty if they can."""

    freezes_parameters: ClassVar[bool] = False
    """Whether it changes which parameters are trained. Trials that are trained together have the same such callbacks:
    see `vectorize` of a tuner."""

    only_observes: ClassVar[bool] = False
    """Whether the training is the same without it, because it only writes, draws or prints. `hookline eject` leaves it
    out, and says so."""

    keeps_log: ClassVar[bool] = False
    """Whether it keeps the whole log. If it is listed after components that add numbers, it misses these, which is
    reported."""

    writes_to: ClassVar[tuple[str, ...] | None] = None
    """The files and directories to which it writes; relative ones are in the run directory. `hookline plan` prints
    them. `None` means unknown, which `hookline plan` reports."""

    connects_to: ClassVar[tuple[str, ...] | None] = None
    """The addresses or services to which it connects. `None` means unknown, as for `writes_to`."""

    def check(self, *args: Any, **sections: Any) -> None:
        """Raise a `ValueError` if it cannot be used together with other sections of the spec.

        Override this with the sections that you need as arguments, as in a hook: `def check(self, optimizer,
        callbacks)`. `objective` is the `Objective` of `[loss]` or `[losses]`. The check is called while the spec is
        read, if all of these sections are valid. `**sections` receives all other valid sections.
        """

    @classmethod
    def sections_of_check(cls) -> tuple[list[str], bool]:
        """Return the sections that `check` names, and whether it takes all others, too."""
        has_self = isinstance(getattr_static(cls, "check"), FunctionType)
        parameters = list(signature(cls.check).parameters.values())[has_self:]
        named = [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
        return named, any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)

    def check_in(self, sections: Mapping[str, Any]) -> None:
        """Call `check` with the sections that it names, unless one of them is missing because it is invalid."""
        named, takes_others = self.sections_of_check()
        if all(name in sections for name in named):
            self.check(**(sections if takes_others else {name: sections[name] for name in named}))

    def doubts(self, run: Any) -> "Iterable[OptionError]":
        """Yield warnings about options that have no effect in this run, or not the expected one.

        Called before training, when `run.steps_per_epoch` is known, which is `None` if the data does not know it. An
        example is something that would only happen after the last step.
        """
        return ()

    @without_lines
    def eject(self, script: "Script", run: Any) -> None:
        """Add what it does to the training loop in `script.loop`, for `hookline eject`.

        A component that only observes the training needs no lines: see `only_observes`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

    def build(self) -> object:
        """Return the object whose hook implementations are used in one run. Without state, this is the spec itself."""
        return self


LIMITS = ("every", "first", "last")
"""The options of a callback that limit the steps or epochs in which it runs."""


@spec
class CallbackSpec(WrapperSpec):
    """A callback: an object with wrappers around stages.

    If the built object has state that resuming a run needs, it has two methods: `state_dict()` returns the state, made
    of tensors, numbers, strings, lists and dictionaries, and `load_state_dict(state)` restores it. See `stages.fit` for
    when they are called.
    """

    family = "callback"

    unlimited: ClassVar[str | Mapping[str, str]] = {}
    """A sentence that says why `every`, `first` and `last` cannot be used; or one for each of them that cannot."""

    every: int | None = option(default=None, minimum=1)
    """Run only every N steps (for callbacks that wrap `forward`, `loss`, `backward` or `step`) or every N epochs (for
    all others). Default: every one. The final evaluation is never skipped."""
    first: int | None = option(default=None, minimum=1)
    """The first step or epoch in which to run, counted from 1. `every` counts from here."""
    last: int | None = option(default=None, minimum=1)
    """The last step or epoch in which to run."""

    def refused_limits(self) -> "Iterable[OptionError]":
        """Yield an error for each of `every`, `first` and `last` that is set but cannot be used."""
        reasons = dict.fromkeys(LIMITS, self.unlimited) if isinstance(self.unlimited, str) else self.unlimited
        for name in LIMITS:
            if name in reasons and getattr(self, name) is not None:
                yield OptionError(name, reasons[name], id="unused-option")

    @property
    def is_limited(self) -> bool:
        """Whether there are steps or epochs in which it does not run."""
        return (self.every, self.first, self.last) != (None, None, None)

    def is_due(self, number: int) -> bool:
        """Return whether it runs in the step or epoch with this number, counted from 1.

        >>> from hookline.spec import CallbackSpec
        >>> [number for number in range(1, 10) if CallbackSpec(every=3, last=8).is_due(number)]
        [3, 6]
        >>> [number for number in range(1, 10) if CallbackSpec(every=3, first=1).is_due(number)]
        [1, 4, 7]
        """
        if number < (self.first or 1) or (self.last is not None and number > self.last):
            return False
        return self.every is None or (number - (self.first or 0)) % self.every == 0

    def ejected_condition(self, number: str) -> str:
        """Return the code of `is_due` for a step or epoch whose number is given as code; empty if it always runs.

        >>> from hookline.spec import CallbackSpec
        >>> CallbackSpec(every=3, last=8).ejected_condition("epoch")
        'epoch <= 8 and epoch % 3 == 0'
        """
        conditions = [] if self.first is None else [f"{number} >= {self.first}"]
        conditions += [] if self.last is None else [f"{number} <= {self.last}"]
        if self.every is not None:
            since = number if not self.first else f"({number} - {self.first})"
            since = f"({since})" if " " in since and not since.startswith("(") else since
            conditions.append(f"{since} % {self.every} == 0")
        return " and ".join(conditions)

    @property
    def first_due(self) -> int:
        """The number of the first step or epoch in which it runs.

        >>> from hookline.spec import CallbackSpec
        >>> CallbackSpec(every=3).first_due, CallbackSpec(every=3, first=2).first_due, CallbackSpec(last=4).first_due
        (3, 2, 1)
        """
        return self.first or self.every or 1

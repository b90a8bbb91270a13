"""Schedulers: callbacks that change the learning rate from step to step or from epoch to epoch."""

import warnings
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.errors import HooklineWarning, MisfitError, OptionError
from hookline.optimizer_spec import OptimizerSpec
from hookline.run import Run
from hookline.specs import WrapperSpec
from hookline.stages import hookimpl
from hookline.wording import PathElement, counted, dotted

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler

    from hookline.training_spec import TrainingSpec


class SchedulerSpec(WrapperSpec):
    """A scheduler: builds one that changes the learning rates of an optimizer whenever it is stepped."""

    __slots__ = ()
    family = "scheduler"

    is_told_the_record: ClassVar[bool] = False
    """Whether it must know what has been logged of an epoch, so that it cannot be a part of another scheduler."""

    happens_after: ClassVar[tuple[str, ...]] = ()
    """The options that say after how many steps or epochs something happens, each one number or several."""

    @property
    def logs(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """The learning rate, or that of each parameter group; of one with a callback of its own it is not known."""
        return ("lr", "lr[*]") if type(self).build is SchedulerSpec.build else None

    @property
    def writes_to(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """Nothing; what one with a callback of its own writes is not known."""
        return () if type(self).build is SchedulerSpec.build else None

    @property
    def connects_to(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """Nothing, in the same way."""
        return self.writes_to

    @property
    def is_per_step(self) -> bool:
        """Whether it is stepped after each step, and not after each epoch."""
        return False

    @property
    def keeps_groups_alike(self) -> bool:
        """Whether parameter groups that begin with one learning rate go on with one."""
        return True

    def check(self, spec: "TrainingSpec") -> None:
        """Refuse an optimizer to which learning rates make no difference once it has begun, in none of its parts."""
        indifferent = _indifferent(spec.optimizer)
        if len(indifferent) == len(spec.optimizer.members):
            message = f"{indifferent[0]} reads its learning rate in the first step only, and this makes no difference"
            remedy = "leave the scheduler out, or choose another optimizer."
            raise OptionError("type", f"{message}: {remedy}", against=[("optimizer", "type")])

    def never(self, length: int) -> "Iterator[tuple[tuple[PathElement, ...], int, int]]":
        """What does not happen if it is stepped `length` times: the place, when it would, and how often it is stepped.

        One that is made of others says it of them, too.
        """
        for name in self.happens_after:
            given = getattr(self, name)
            places = enumerate(given) if isinstance(given, tuple) else [(None, given)]
            for index, times in places:
                if times >= length:
                    yield (name,) if index is None else (name, index), times, length

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """A scheduler of torch, or an object with the same `step` and `state_dict`.

        `length` says how many times it will be stepped in the whole run. A `ValueError` says what does not fit, an
        `OptionError` also in which option.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build_scheduler`.")

    def advance(self, scheduler: "LRScheduler", record: Mapping[str, Any]) -> None:
        """Step the scheduler at the end of an epoch; `record` is what has been logged of it."""
        scheduler.step()

    def build(self) -> object:
        """The callback, which has the scheduler."""
        return ScheduleOfSteps(self) if self.is_per_step else Schedule(self)


def _indifferent(optimizer: OptimizerSpec) -> list[str]:
    """The optimizers among its members that do not look at their learning rate again."""
    return [type(member).__name__ for member in optimizer.members if member.reads_lr_once]


class Schedule:
    """The callback of a scheduler that is stepped after each epoch. It adds the learning rate to the epoch's record."""

    def __init__(self, spec: SchedulerSpec):
        """Have no scheduler yet."""
        self._spec = spec
        self._optimizer: optim.Optimizer | None = None
        self._scheduler: LRScheduler | None = None
        self._used: list[float] = []
        self._names: list[str] = []

    @hookimpl(wrapper=True)
    def select_optimizer(self, run: Run) -> "Generator[None, optim.Optimizer, optim.Optimizer]":
        """Build the scheduler over the optimizer."""
        optimizer = yield
        epochs = run.spec.run.epochs
        length = epochs * run.steps_per_epoch if self._spec.is_per_step else epochs
        rates = [float(group["lr"]) for group in optimizer.param_groups]
        # Groups that begin alike stay alike unless a scheduler tells them apart: one number says it then.
        schedulers = [callback for callback in run.spec.callbacks if isinstance(callback, SchedulerSpec)]
        alike = len(set(rates)) == 1 and all(scheduler.keeps_groups_alike for scheduler in schedulers)
        self._names = ["lr"] if alike else [f"lr[{index}]" for index in range(len(rates))]
        self._optimizer = optimizer
        try:
            self._scheduler = self._spec.build_scheduler(optimizer, length)
        except OptionError as error:
            raise MisfitError(str(error), (*run.spec.place_of(self._spec), *error.path)) from error
        except (ValueError, TypeError, KeyError) as error:
            raise MisfitError(f"{type(self._spec).__name__}: {error}", run.spec.place_of(self._spec)) from error
        unit = "step" if self._spec.is_per_step else "epoch"
        for path, times, those in self._spec.never(length):
            place = dotted((*run.spec.place_of(self._spec), *path))
            message = f"This never happens: it comes after {counted(times, unit)}, and the end after {those}."
            warnings.warn(f"{place}: {message}", HooklineWarning, stacklevel=2)
        if indifferent := _indifferent(run.spec.optimizer):
            place, name = dotted(run.spec.place_of(self._spec)), indifferent[0]
            message = f"{name} reads its learning rate in the first step only: this moves those of the other parts."
            warnings.warn(f"{place}: {message}", HooklineWarning, stacklevel=2)
        return optimizer

    @hookimpl(wrapper=True)
    def log(self, record: dict[str, Any]) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add the learning rate that the epoch's last step had, and go on to that of the next epoch."""
        # Before other schedulers, which may stand inside of this one, have changed it.
        self._note()
        logged = yield
        logged = {**logged, **dict(zip(self._names, self._used, strict=False))}
        self._advance(logged)
        return logged

    def state_dict(self) -> dict[str, Any]:
        """The state of the scheduler."""
        assert self._scheduler is not None
        return self._scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the state of another run's scheduler."""
        assert self._scheduler is not None
        self._scheduler.load_state_dict(state)

    def _note(self) -> None:
        assert self._optimizer is not None
        self._used = [float(group["lr"]) for group in self._optimizer.param_groups]

    def _advance(self, record: Mapping[str, Any]) -> None:
        assert self._scheduler is not None
        self._spec.advance(self._scheduler, record)


class ScheduleOfSteps(Schedule):
    """The callback of a scheduler that is stepped after each step."""

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Go on to the learning rate of the next step."""
        self._used = [group["lr"] for group in self._optimizer.param_groups]  # type: ignore[union-attr]
        answer = yield
        if answer:
            self._scheduler.step()  # type: ignore[union-attr]
        else:
            # Batches that are left out do not make the schedule longer. Of a first one torch thinks it a mistake.
            with warnings.catch_warnings(action="ignore"):
                self._scheduler.step()  # type: ignore[union-attr]
        return answer

    def _note(self) -> None:
        """It is noted before each step."""

    def _advance(self, record: Mapping[str, Any]) -> None:
        """It is stepped after each step."""

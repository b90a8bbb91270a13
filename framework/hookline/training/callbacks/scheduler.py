"""Schedulers: callbacks that change the learning rate from step to step or from epoch to epoch."""

import warnings
from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.errors.exceptions import MismatchError
from hookline.errors.option_errors import OptionError
from hookline.plugins.manager import callback_name
from hookline.plugins.stages import Run, hookimpl
from hookline.script.loop import Loop
from hookline.script.script import Script
from hookline.script.written import cannot_be_written, without_lines
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.training.callbacks.scheduler_lines import add_scheduler
from hookline.training.callbacks.stepped import SteppedSpec

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler


class SchedulerSpec(SteppedSpec):
    """A scheduler: builds an object that changes the learning rates of an optimizer whenever it is stepped."""

    __slots__ = ()
    family = "scheduler"

    further_lines: ClassVar[Mapping[str, tuple[str, ...]]] = {"eject_scheduler": ("build_scheduler",)}
    """The method with lines that `eject` calls, and what does what these say."""

    @property
    def logs(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """The learning rate, or that of each parameter group; unknown if the class has its own `build`."""
        return ("lr", "lr[*]") if type(self).build is SchedulerSpec.build else None

    @property
    def writes_to(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """Nothing; unknown if the class has its own `build`."""
        return () if type(self).build is SchedulerSpec.build else None

    @property
    def connects_to(self) -> tuple[str, ...] | None:  # type: ignore[override]
        """Nothing; unknown if the class has its own `build`."""
        return self.writes_to

    @property
    def keeps_groups_alike(self) -> bool:
        """Whether parameter groups with the same learning rate at the start always have the same one."""
        return True

    def check(self, optimizer: OptimizerSpec) -> None:
        """Raise an `OptionError` for an optimizer that ignores changes of the learning rate in all of its parts."""
        optimizer.refuse_changed_lr("type", "leave the scheduler out")

    def doubts(self, run: Run) -> "Iterator[OptionError]":
        """Options that do not fit the length of the run, or do not affect all parts of the optimizer."""
        if (length := self.length(run)) is not None:
            yield from self.unfit(length, self.unit(run))
        yield from run.spec.optimizer.doubt_changed_lr("type")

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int | None) -> "LRScheduler":
        """A scheduler of torch, or an object with the same `step` and `state_dict`.

        `length` says how many times it will be stepped in the whole run; `None` if that is unknown, because it is
        stepped after each step and the data does not know its number of batches. A `ValueError` says what does not fit,
        an `OptionError` also in which option.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build_scheduler`.")

    @without_lines
    def eject_scheduler(self, script: Script, length: int | None) -> str:
        """An expression that builds the scheduler over `optimizer`, for `hookline eject`."""
        raise NotImplementedError(f"{type(self).__name__} has no `eject_scheduler`.")

    def eject(self, script: Script, run: Run) -> None:
        """Add the scheduler, and its steps."""
        schedulers = [callback for callback in run.spec.callbacks if isinstance(callback, SchedulerSpec)]
        place = next(index for index, callback in enumerate(run.spec.callbacks) if callback is self)
        built = run.stages.manager.get_plugin(callback_name(place, self))
        names = built.names if isinstance(built, Schedule) else ["lr"]
        add_scheduler(script, self, self.length(run), schedulers, names)

    def ejected_advance(self, name: str, loop: Loop) -> list[str]:
        """The lines of `advance` for a scheduler that needs what was logged, given its variable."""
        raise cannot_be_written(f"{type(self).__name__} has no lines of torch: its class has no `ejected_advance`.")

    def advance(self, scheduler: "LRScheduler", record: Mapping[str, Any]) -> None:
        """Step the scheduler at the end of an epoch; `record` is what was logged about it."""
        scheduler.step()

    def build(self) -> object:
        """The callback that steps the scheduler."""
        return ScheduleOfSteps(self) if self.is_per_step else Schedule(self)


class Schedule:
    """The callback of a scheduler that is stepped after each epoch. It adds the learning rate to the record."""

    def __init__(self, spec: SchedulerSpec):
        """Begin without a scheduler, which needs the optimizer."""
        self._spec = spec
        self._optimizer: optim.Optimizer | None = None
        self._scheduler: LRScheduler | None = None
        self._used: list[float] = []
        self.names: list[str] = []
        """The names of the learning rates in the log."""

    @hookimpl(wrapper=True)
    def select_optimizer(self, run: Run) -> "Generator[None, optim.Optimizer, optim.Optimizer]":
        """Build the scheduler over the optimizer."""
        optimizer = yield
        rates = [float(group["lr"]) for group in optimizer.param_groups]
        # Groups that start with the same rate keep it unless a scheduler separates them: then one number is enough.
        schedulers = [callback for callback in run.spec.callbacks if isinstance(callback, SchedulerSpec)]
        alike = len(set(rates)) == 1 and all(scheduler.keeps_groups_alike for scheduler in schedulers)
        self.names = ["lr"] if alike else [f"lr[{index}]" for index in range(len(rates))]
        self._optimizer = optimizer
        try:
            self._scheduler = self._spec.build_scheduler(optimizer, self._spec.length(run))
        except OptionError as error:
            place = run.spec.place_of(self._spec)
            raise MismatchError(str(error), (*place, *error.path), id=error.diagnostic.id) from error
        except (ValueError, TypeError, KeyError) as error:
            raise MismatchError(f"{type(self._spec).__name__}: {error}", run.spec.place_of(self._spec)) from error
        return optimizer

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Add the learning rate of the last step of the epoch, and advance to that of the next epoch."""
        # Before other schedulers, which may be inside this one, change it.
        self._note()
        logged = yield
        logged = {**logged, **dict(zip(self.names, self._used, strict=False))}
        if not run.is_inside_epoch or self._spec.needs_record:
            self._advance(logged)
        return logged

    def state_dict(self) -> dict[str, Any]:
        """The state of the scheduler."""
        assert self._scheduler is not None
        return self._scheduler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load the state of a scheduler from another run."""
        assert self._scheduler is not None
        self._scheduler.load_state_dict(state)
        # The optimizer of a resumed training has made its steps in another process. Without this mark torch warns at
        # the end of an epoch, because this optimizer has made none before the scheduler's.
        vars(self._optimizer)["_opt_called"] = True

    @property
    def name(self) -> str:
        """The name of its class in the spec."""
        return type(self._spec).__name__

    @property
    def needs_record(self) -> bool:
        """Whether its learning rates depend on what is logged."""
        return self._spec.needs_record

    def advance_after(self, unit: str) -> None:
        """Advance after a "step" or an "epoch" of a training that is only computed, if it counts these."""
        if not self.needs_record and unit == ("step" if self._spec.is_per_step else "epoch"):
            assert self._scheduler is not None
            with warnings.catch_warnings(action="ignore"):  # The optimizer makes no steps.
                self._scheduler.step()

    def lengths_differ(self, run: Run, state: Mapping[str, Any]) -> bool:
        """Whether the schedule of a saved state has another length than this one, such as in a longer run."""
        return _lengths(state) != _lengths(self.state_dict())

    def _note(self) -> None:
        assert self._optimizer is not None
        self._used = [float(group["lr"]) for group in self._optimizer.param_groups]

    def _advance(self, record: Mapping[str, Any]) -> None:
        assert self._scheduler is not None
        self._spec.advance(self._scheduler, record)


def _lengths(state: Any) -> list[Any]:
    """Return torch's lengths of a schedule and of those inside it."""
    if isinstance(state, Mapping):
        own = [state[name] for name in ("T_max", "total_steps") if name in state]
        return own + [length for part in state.values() for length in _lengths(part)]
    return [length for part in state for length in _lengths(part)] if isinstance(state, list) else []


class ScheduleOfSteps(Schedule):
    """The callback of a scheduler that is stepped after each step."""

    is_schedule = True

    @hookimpl(wrapper=True)
    def step(self) -> Generator[None, bool, bool]:
        """Advance to the learning rate of the next step."""
        self._used = [group["lr"] for group in self._optimizer.param_groups]  # type: ignore[union-attr]
        answer = yield
        if answer:
            self._scheduler.step()  # type: ignore[union-attr]
        else:
            # Skipped batches do not make the schedule longer. If the first one is skipped, torch warns of a mistake.
            with warnings.catch_warnings(action="ignore"):
                self._scheduler.step()  # type: ignore[union-attr]
        return answer

    def _note(self) -> None:
        """The learning rate is noted before each step."""

    def state_dict(self) -> dict[str, Any]:
        """The state of the scheduler, and the learning rates of the last step, which are logged after the epoch."""
        return {"scheduler": super().state_dict(), "used": list(self._used)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Load a state that `state_dict` returned."""
        super().load_state_dict(state["scheduler"])
        self._used = list(state["used"])

    def _advance(self, record: Mapping[str, Any]) -> None:
        """The scheduler is stepped after each step."""

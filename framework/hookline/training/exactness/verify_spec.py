"""Verify that a spec can be resumed exactly: train it once without an interruption, and once with some."""

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

from attrs import evolve

from hookline.errors.argument_error import ArgumentError, refuse_unless_positive
from hookline.errors.exceptions import CheckpointError, RunError
from hookline.errors.text import counted
from hookline.plugins.manager import Named, Plugins, callback_name
from hookline.plugins.stages import Run
from hookline.spec.families.callback import WrapperSpec
from hookline.spec.training import TrainingSpec
from hookline.training.exactness.components import Names
from hookline.training.exactness.difference import Difference, first_difference
from hookline.training.exactness.leaves import Path as LeafPath
from hookline.training.exactness.observers import Trace
from hookline.training.exactness.parts import Arrange, LastStep, Part, train_part
from hookline.training.exactness.verification import Verification

SHORT_EPOCH, EPOCHS = 100, 3
"""Up to this number of steps, epochs are short: the training is verified for this number of epochs."""

ESSENTIAL = frozenset({"model", "criterion", "optimizer", "generators", "returned"})
"""The parts of a state that must not differ between two trainings without an interruption either."""


def verify_spec(
    spec: TrainingSpec,
    plugins: Plugins,
    *,
    steps: int | None = None,
    cuts: Sequence[int] = (),
    data: Any = None,
    report: Callable[[str], None] = lambda _: None,
) -> Verification:
    """Train a spec with and without interruptions, in temporary directories, and compare both trainings.

    Args:
        spec: the spec.
        plugins: its plugins.
        steps: the number of steps. Default: three epochs, or 100 steps if epochs are long.
        cuts: the steps after which to interrupt one training. Default: in the middle of the first two epochs and at
            the end of the first.
        data: rows in place of those that the data source reads.
        report: called with what happens next, before each training.

    Raises:
        RunError: If there is no step after which the training could be interrupted.
        HooklineError: If the training fails.

    """
    refuse_unless_positive("steps", steps)
    for cut in cuts:
        refuse_unless_positive("cuts", cut)
    kept, left_out = _without_effects(spec.callbacks)
    names = {callback_name(place, one): f"callbacks.{index} ({type(one).__name__})" for place, (index, one) in kept}
    whole: Any = spec
    used = evolve(whole, callbacks=tuple(one for _, (_, one) in kept))
    verified = _Verifier(used, plugins, steps, data, names, report)
    return evolve(verified.verification(cuts), left_out=left_out)


def _without_effects(
    callbacks: Sequence[WrapperSpec],
) -> tuple[list[tuple[int, tuple[int, WrapperSpec]]], tuple[str, ...]]:
    """Return the callbacks to use, with their new and their old places, and the names of the others."""
    outside = [
        bool(one.connects_to) or any(Path(path).is_absolute() for path in one.writes_to or ()) for one in callbacks
    ]
    numbered = list(enumerate(callbacks))
    left_out = [f"callbacks.{index} ({type(one).__name__})" for index, one in numbered if outside[index]]
    return list(enumerate(pair for pair in numbered if not outside[pair[0]])), tuple(left_out)


class _Verifier:
    def __init__(
        self,
        spec: TrainingSpec,
        plugins: Plugins,
        steps: int | None,
        data: Any,
        names: Mapping[str, str],
        report: Callable[[str], None],
    ):
        self._report = report
        self._spec, self._plugins, self._steps, self._data = spec, plugins, steps, data
        self._names = Names(spec, names)
        self._objects = [
            one for _, one in plugins.added if not isinstance(one, (ModuleType, type)) and _can_be_copied(one)
        ]

    def verification(self, given: Sequence[int]) -> Verification:
        """Train, compare, and find the first difference if there is one."""
        try:
            whole = self._train([], list)
        except CheckpointError as error:  # It cannot be saved.
            return Verification(steps=0, cuts=(), compared={}, error=str(error))
        last = whole.snapshot.step
        latest = last if whole.is_complete else last - 1
        if given and max(given) > latest:
            message = f"The training has {counted(last, 'step')}: it cannot be interrupted after step {max(given)}."
            raise ArgumentError("cuts", message, option="--cut")
        cuts = tuple(sorted({cut for cut in given or _cuts(whole) if cut <= latest}))
        if not cuts:
            raise RunError(f"The training has {counted(last, 'step')}, so that it cannot be interrupted.")
        made = Verification(steps=last, cuts=cuts, compared=_counted(whole, [*whole.state]))
        try:
            resumed = self._train(cuts, list)
        except CheckpointError as error:
            return evolve(made, error=str(error))
        if not (unequal := _unequal(whole, resumed)):
            return made
        return self._with_difference(evolve(made, unequal=_counted(whole, unequal)), unequal)

    def _with_difference(self, made: Verification, unequal: Collection[LeafPath]) -> Verification:
        """Train again with observers, to find where the difference begins."""
        self._report("Something differs: training again to find out where …")
        usual, again, other = (Trace(made.cuts) for _ in range(3))
        whole, repeated = (self._train([], trace.arrange) for trace in (usual, again))
        changing = _unequal(whole, repeated)
        if any(path[0] in ESSENTIAL for path in changing):
            found = first_difference(self._names, usual, again) or self._at_end(changing, usual)
            return evolve(made, difference=evolve(found, advice=""), is_repeatable=False)
        described = tuple(self._names.of_state(path, usual.parameters).name for path in changing)
        if {*unequal} <= {*changing}:
            return evolve(made, changing=described, unequal={})
        self._train(made.cuts, other.arrange)
        logged = [path[3:] for path in changing if path[:2] == ("run", "history")]
        ignored = {*changing, *((part, *path) for part in ("record", "answer") for path in logged)}
        found = first_difference(self._names, usual, other, ignored) or self._at_end(
            [path for path in unequal if path not in ignored], usual
        )
        return evolve(made, difference=found, changing=described)

    def _at_end(self, unequal: Sequence[LeafPath], trace: Trace) -> Difference:
        """The first part of the state that differs at the end, although nothing differs in between."""
        return Difference(self._names.of_state(unequal[0], trace.parameters).name)

    def _train(self, cuts: Sequence[int], arrange: Arrange) -> Part:
        """Train with interruptions after these steps. Each part has its own objects, as in a new process."""
        self._report(f"Training {'with' if cuts else 'without'} interruptions …")
        with tempfile.TemporaryDirectory(prefix="hookline-verify-") as place:
            for number, cut in enumerate((*cuts, None)):
                part = train_part(
                    self._spec,
                    self._plugins,
                    Path(place),
                    last_step=self._last_step if cut is None else _after(cut),
                    seed=number,
                    arrange=lambda named: arrange(self._renewed(named)),
                    data=self._data,
                )
        return part

    def _renewed(self, named: Sequence[Named]) -> list[Named]:
        """Copy the objects that were passed as plugins: in a new process they would be new, as callbacks are here."""
        return [
            (origin, deepcopy(plugin) if any(plugin is one for one in self._objects) else plugin)
            for origin, plugin in named
        ]

    def _last_step(self, run: Run) -> int | None:
        if self._steps is not None:
            return self._steps
        epochs, steps = run.spec.run.epochs, run.steps_per_epoch
        if steps is None or steps > SHORT_EPOCH:
            return SHORT_EPOCH
        return None if epochs <= EPOCHS else EPOCHS * steps


def _can_be_copied(plugin: object) -> bool:
    try:
        deepcopy(plugin)
    except Exception:  # noqa: BLE001 - The plugin may raise anything.
        return False
    return True


def _after(cut: int) -> LastStep:
    return lambda run: cut


def _cuts(whole: Part) -> list[int]:
    """The steps after which to interrupt the training."""
    last, steps = whole.snapshot.step, whole.steps_per_epoch
    if steps is None or last <= steps:
        return [max(1, last // 2)]
    return [max(1, steps // 2), steps, steps + max(1, steps // 2)]


def _unequal(one: Part, other: Part) -> list[LeafPath]:
    found = [path for path in {**one.state, **other.state} if one.state.get(path) != other.state.get(path)]
    if not found and one.log != other.log:
        found = [("metrics.jsonl",)]
    return found


def _counted(whole: Part, paths: Collection[LeafPath]) -> dict[str, int]:
    counts = Counter("log" if path[:2] == ("run", "history") else str(path[0]) for path in paths)
    return dict(counts)

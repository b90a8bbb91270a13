"""Notice when layers would no longer compute what was recorded: their attributes, parameters and hooks have changed."""

from collections.abc import Iterable, Sequence
from copy import copy
from itertools import chain
from operator import attrgetter, call, is_
from typing import TYPE_CHECKING, Any

from hookline.spec.objective.objective import Objective
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.watching.finder import Finder
from hookline.training.tracing.watching.views import OfObjects, View, are_same_objects

if TYPE_CHECKING:
    from torch import nn, optim

COMPARED = frozenset({bool, bytes, complex, float, int, str})
"""Types whose objects may be replaced by equal ones."""


FLAGS = attrgetter("requires_grad", "_backward_hooks", "_post_accumulate_grad_hooks")
"""What a step depends on of a parameter."""

LAYOUT = attrgetter("shape", "dtype", "device")


class Watched:
    """The attributes of modules and of what they contain, and the parameters that the optimizer updates.

    A module that keeps a counter, a list or an object of its own has these among its attributes, so a change of them is
    a change too. What its functions read is watched as well, as far as they name it: global variables, attributes of
    classes, and variables of enclosing functions.
    """

    def __init__(self, roots: "Iterable[nn.Module]", optimizer: "optim.Optimizer | None", objective: Objective):
        """Remember the present attributes.

        Args:
            roots: the modules to watch, with all modules inside them.
            optimizer: the optimizer, whose parameter groups are watched; `None` for an evaluation.
            objective: the losses, whose functions are watched. What they change in the criterion does not count.

        Raises:
            Untraceable: If a module has hooks or an attribute that cannot be watched.

        """
        self._roots = list(roots)
        finder = Finder()
        try:
            finder.find([(type(root).__name__, root) for root in self._roots], objective.changed_attributes)
            finder.find((f"[{type(one.loss).__name__}]", one.loss) for one in objective.losses.values())
            if optimizer is not None:
                finder.add("the parameter groups", OfObjects([optimizer], attrgetter("param_groups")))
                finder.add("the parameter groups", optimizer.param_groups)
                finder.find(("the parameter groups", group["params"]) for group in optimizer.param_groups)
            finder.complete()
        except Untraceable:
            raise
        except Exception as error:  # Any attribute of a layer may fail when it is looked at.
            raise Untraceable(f"the attributes of the layers cannot be watched: {error}") from error
        self.tensors = finder.tensors
        """All tensors among the attributes."""
        self._parameters, self._hooks = finder.parameters, finder.hooks
        live = sorted(finder.live, key=lambda place: isinstance(place[1], View))
        self._paths, self._live = [path for path, _ in live], [values for _, values in live]
        """The values of each object that contains others, which follow its changes: containers, and then views."""
        self._containers = [values for values in self._live if not isinstance(values, View)]
        self._reading = [values.read for values in self._live if isinstance(values, View)]
        self._kept = [list(values) for values in self._live]
        self._all = list(chain.from_iterable(self._kept))
        self._paths_of_sized = [path for path, _ in finder.sized]
        self._sized = [values for _, values in finder.sized]
        self._lengths = self._present_lengths()
        self._flags = self._present_flags()
        self._shapes = self._present_shapes()
        self.is_current = False
        """Whether nothing has happened since the last comparison, so that the evaluation that follows needs no other
        one. Whatever evaluates next takes it back."""

    def is_of(self, roots: "Sequence[nn.Module]") -> bool:
        """Whether these are the modules that are watched."""
        return all(map(is_, roots, self._roots))

    def taken_again(self, roots: "Sequence[nn.Module]") -> "Watched | None":
        """Remember the present attributes of the same objects; `None` if others take part now, or for other modules.

        Numbers and text may have changed, such as the mode of the layers: they contain no objects.
        """
        now = [list(values) for values in self._live]
        if (
            not self.is_of(roots)
            or any(self._hooks)
            or self._present_flags() != self._flags
            or self._present_lengths() != self._lengths
            or not all(map(_have_same_objects, now, self._kept))
        ):
            return None
        again = copy(self)
        again._kept, again._all = now, list(chain.from_iterable(now))
        again._shapes = self._present_shapes()
        return again

    def is_unchanged(self) -> bool:
        """Whether all attributes are the same, and the same parameters are trained. It takes some microseconds."""
        try:
            if any(self._hooks) or self._present_flags() != self._flags or self._present_lengths() != self._lengths:
                return False
            now = list(chain.from_iterable(chain(self._containers, map(call, self._reading))))
            return are_same_objects(now, self._all) or self._is_equal()
        except Exception:  # noqa: BLE001 - Such as of a dictionary that another thread changes at this moment.
            return False

    def is_unchanged_inside(self) -> bool:
        """The same, and whether parameters and buffers have the same shapes and types."""
        return self.is_unchanged() and self._present_shapes() == self._shapes

    def change(self) -> str | None:
        """Say where something has changed; `None` if nothing has."""
        if any(self._hooks):
            return "the hooks of a layer"
        if self._present_flags() != self._flags:
            return "which parameters are trained"
        for path, values, kept in zip(self._paths, self._live, self._kept, strict=True):
            try:
                is_same = _are_same(list(values), kept)
            except Exception:  # noqa: BLE001 - See `is_unchanged`.
                is_same = False
            if not is_same:
                return path
        for path, length, before in zip(self._paths_of_sized, self._present_lengths(), self._lengths, strict=True):
            if length != before:
                return path
        return None if self._present_shapes() == self._shapes else "the shape of a parameter"

    def _is_equal(self) -> bool:
        """Whether attributes were only replaced by equal numbers or strings, which are then remembered."""
        now = [list(values) for values in self._live]
        if not all(map(_are_same, now, self._kept)):
            return False
        self._kept, self._all = now, list(chain.from_iterable(now))
        return True

    def _present_lengths(self) -> list[int]:
        # A value that moves from the end of a list to the beginning of the next one is in the same place among all.
        return list(map(len, self._sized))

    def _present_flags(self) -> list[Any]:
        return list(map(FLAGS, self._parameters))

    def _present_shapes(self) -> list[Any]:
        import torch

        tensors, of_tensor = self.tensors, torch.Tensor
        views = [*map(of_tensor.is_conj, tensors), *map(of_tensor.is_neg, tensors)]
        return [*map(LAYOUT, tensors), *map(of_tensor.stride, tensors), *views]


def _have_same_objects(values: list[Any], others: list[Any]) -> bool:
    return len(values) == len(others) and all(
        one is other or (type(one) in COMPARED and type(other) in COMPARED)
        for one, other in zip(values, others, strict=True)
    )


def _are_same(values: list[Any], others: list[Any]) -> bool:
    return len(values) == len(others) and all(
        one is other or (type(one) is type(other) and type(one) in COMPARED and repr(one) == repr(other))
        for one, other in zip(values, others, strict=True)
    )

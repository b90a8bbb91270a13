"""A function of a batch of all members, recorded once and repeated for several batches in one call."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.arranged import arranged
from hookline.training.tracing.graphs.graph import Program
from hookline.training.tracing.graphs.recording import with_recording
from hookline.training.tracing.graphs.whole_step import Lists, WholeStep, with_constants_first

if TYPE_CHECKING:
    from torch import Tensor


@frozen
class Traced:
    """The program of a function."""

    whole: WholeStep
    program: Program

    result: "Tensor"
    """A result of the function."""

    def __call__(self, batches: "Sequence[Sequence[Tensor]]") -> "Tensor":
        """Repeat the operations for each batch, given its tensors, and return the results, `(batches, …)`.

        The tensors that the function changes in place are changed.
        """
        columns = [[tensors[index] for tensors in batches] for index in self.whole.of_batch]
        results = self.result.new_empty(len(batches), *self.result.shape)
        no_gradients: list[Tensor] = []
        self.program(*self.whole.fixed, *columns, *self.whole.lists, list(results.unbind()), no_gradients)
        return results


def recorded(
    function: "Callable[[], Tensor]", known: "Sequence[Tensor]", of_batch: "Sequence[Tensor]"
) -> "tuple[Tensor, Callable[[], Traced]]":
    """Call a function and record its operations. Return its result, and a function that makes the program.

    Args:
        function: computes one tensor from tensors that exist already.
        known: the tensors that are the same in each call, such as parameters. They may be changed in place.
        of_batch: the tensors of the batch.

    The program cannot be made if the operations cannot be repeated, which raises `Untraceable`.

    """
    result, operations = with_recording(function)

    def traced() -> Traced:
        whole = arranged(operations, known, of_batch, [result])
        builder, first = whole.builder, len(known)
        calls, before = with_constants_first(whole.graph, whole.fixed_inputs, builder.memory)
        lists = Lists()

        def argument(one: Any) -> Any:
            """The argument itself, or the name of a list of tensors that exist already."""
            is_list = isinstance(one, (list, tuple)) and len(one) > 0
            if is_list and all(builder.indices.get(value, first) < first for value in one):
                return lists.name([known[builder.indices[value]] for value in one])
            return one

        calls = [call.with_arguments(list(map(argument, call.arguments))) for call in calls]
        step = WholeStep(
            graph=whole.graph.with_calls(calls),
            fixed=whole.fixed,
            lists=lists.tensors,
            of_batch=whole.of_batch,
            options=0,
            gradients=0,
            before=before,
        )
        return Traced(step, runners.best_of_several(step), result)

    return result, traced

"""Run the wrappers around a stage of several runs at once: all that comes before the stage, and later what follows."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import pluggy

from hookline.errors.exceptions import StageError


class Entered:
    """Wrappers around a stage that have run up to their `yield`.

    pluggy runs the wrappers of one call. Here, the stages of several runs are answered together, after the wrappers of
    all of them have begun.
    """

    def __init__(self, wrappers: Sequence[pluggy.HookImpl], values: Mapping[str, Any]):
        """Run each wrapper up to its `yield`, the outermost first."""
        self._begun: list[Generator[None, Any, Any]] = []
        for one in wrappers:
            generator: Any = one.function(*(values[name] for name in one.argnames))
            try:
                next(generator)
            except StopIteration:
                error = StageError(f'The wrapper "{one.plugin_name}" returned without a `yield`.')
                self.raised(error)
                raise error from None
            except BaseException as error:
                self.raised(error)
                raise
            self._begun.append(generator)

    def answered(self, answer: Any) -> Any:
        """Run the rest of each wrapper, the innermost first, and return what the outermost returns.

        Raises:
            BaseException: what a wrapper raises and no wrapper outside of it handles.

        """
        return self._ended(answer, None)

    def raised(self, error: BaseException) -> Any:
        """Raise an error at the `yield` of each wrapper, the innermost first; return what a wrapper returns instead.

        Raises:
            BaseException: the error, or another one, if no wrapper handles it.

        """
        return self._ended(None, error)

    def _ended(self, answer: Any, error: BaseException | None) -> Any:
        while self._begun:
            generator = self._begun.pop()
            try:
                if error is None:
                    generator.send(answer)
                else:
                    generator.throw(error)
            except StopIteration as stop:
                answer, error = stop.value, None
            except BaseException as raised:  # noqa: BLE001 - The wrappers outside of this one receive it.
                error = raised
            else:
                error = StageError("A wrapper must yield once, but it yielded a second time.")
                generator.close()
        if error is not None:
            raise error
        return answer

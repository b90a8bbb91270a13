"""A request that waits for its predictions."""

import asyncio
from collections.abc import Callable, Sequence

from attrs import define, field

from hookline.serving.http.failures import refused
from hookline.serving.http.json_body import GivenRows


@define(eq=False)
class Job:
    """The rows of a request, and then their predictions or the error."""

    read: Callable[[bytes], GivenRows]
    """Returns the rows in a body, or raises a `RefusedError`."""
    body: bytes
    """The body of the request."""
    waiting: "asyncio.Future[None] | None" = None
    """Gets a result once the request is predicted, or has failed."""
    given: GivenRows | None = None
    """The rows, once they are read."""
    error: BaseException | None = field(factory=lambda: RuntimeError("The request has not been predicted."))
    """Why there are no predictions."""
    lines: Sequence[str] = ()
    """The prediction of each row, as JSON."""

    def parse(self) -> None:
        """Read the rows."""
        self.given = self.read(self.body)

    @property
    def count(self) -> int:
        """The number of its rows."""
        return 0 if self.given is None else len(self.given.rows)

    def result(self) -> str:
        """Return the answer, an object for a single row, otherwise a list; or raise the error as a refusal."""
        if self.error is not None:
            raise refused(self.error)
        is_single = self.given is not None and self.given.is_single
        return self.lines[0] if is_single else f"[{', '.join(self.lines)}]"

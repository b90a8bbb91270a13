"""Show what a run has done until its checkpoint, what remains of it, and its next learning rates."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.cli.output.screen import paragraph, table
from hookline.errors.text import counted

if TYPE_CHECKING:
    from hookline.training.checkpoints.remaining import Remaining


def remaining_lines(found: "Remaining", width: int | None) -> Iterator[str]:
    """Yield what remains of a run, in lines of at most `width` characters."""
    yield f"{found.directory} continues after step {found.step:,}"
    yield from table([("done", _done(found)), *_last(found), ("remains", _remains(found))], width)
    if not found.rates:
        return
    yield ""
    yield "Next learning rates"
    several = len(found.rates[0].rates) > 1
    names = [f"lr[{index}]" for index in range(len(found.rates[0].rates))] if several else ["lr"]
    rows = [(f"{one.epoch:,}", f"{one.step:,}", *(f"{rate:.6g}" for rate in one.rates)) for one in found.rates]
    yield from table([("epoch", "step", *names), *rows], width, right=range(2 + len(names)))
    if found.monitoring:
        them = " and ".join(found.monitoring)
        yield from paragraph(f"  {them} may change them, according to what will be logged.", width, then="    ")


def _done(found: "Remaining") -> str:
    whole = found.epoch if found.steps_of_epoch is None else found.epoch - 1
    inside = ""
    if found.steps_of_epoch is not None:
        of = "" if found.steps_per_epoch is None else f" of {found.steps_per_epoch:,}"
        inside = f", and {found.steps_of_epoch:,}{of} steps of epoch {found.epoch}"
    return f"{counted(whole, 'epoch')}{inside}, in {found.seconds:,.1f} s"


def _last(found: "Remaining") -> Iterator[tuple[str, str]]:
    if found.record is not None:
        numbers = ", ".join(
            f"{name} {value:.5g}"
            for name, value in found.record.items()
            if isinstance(value, float) and name.partition("/")[0] in ("training", "validation")
        )
        yield "logged", f"epoch {found.record['epoch']}, step {found.record['step']:,}: {numbers}"


def _remains(found: "Remaining") -> str:
    if found.stopped:
        return f"nothing: {found.stopped}"
    if found.last_step is None:
        return f"an unknown number of steps, until epoch {found.last_epoch}"
    left = found.last_step - found.step
    return f"{counted(left, 'step')}, until epoch {found.last_epoch}" if left > 0 else "nothing"

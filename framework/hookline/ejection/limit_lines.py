"""The options of `[run]` that limit the training or say when it is validated, as conditions of the training loop."""

from hookline.plugins.stages import Run
from hookline.script.script import Script
from hookline.spec.durations import seconds_of

PERIODS = '''
def periods(epoch):
    """Yield the batches of an epoch up to each validation; there is no validation after the last ones."""
    remaining = batches("training", epoch)
    for batch in remaining:
        yield chain([batch], islice(remaining, VALIDATE_EVERY - step % VALIDATE_EVERY - 1))
'''


def add_limits(script: Script, run: Run, *, has_validation: bool) -> None:
    """Add the constants and the conditions of these options. Callbacks ask for the conditions."""
    spec, loop = run.spec.run, script.loop
    if spec.max_steps is not None:
        script.constants["MAX_STEPS"] = spec.max_steps
        loop.limits.append("step == MAX_STEPS")
        loop.counts_steps = True
    if spec.max_time is not None:
        script.use("import time")
        seconds = seconds_of(spec.max_time)
        script.constants["MAX_SECONDS"] = int(seconds) if seconds == int(seconds) else seconds
        loop.before.append("deadline = time.monotonic() + MAX_SECONDS")
        loop.limits.append("time.monotonic() >= deadline")
    if spec.accumulate > 1:
        script.constants["ACCUMULATE"] = spec.accumulate
    every = spec.validate_every_steps or spec.validate_every_epochs
    if every is None or not has_validation:
        return
    script.constants["VALIDATE_EVERY"] = every
    loop.has_periods = spec.validate_every_steps is not None
    loop.counts_steps |= loop.has_periods
    loop.validated_if = f"{'step' if loop.has_periods else 'epoch'} % VALIDATE_EVERY == 0"

"""The lines of a script that skips batches, or returns to a copy of the weights."""

from hookline.script import Script

FINITE = '''
def is_finite(loss, parameters):
    """Return whether the loss and all gradients are finite."""
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    return bool(loss.isfinite()) and all(bool(gradient.isfinite().all()) for gradient in gradients)
'''

FINITE_LOSS = '''
def is_finite(loss):
    """Return whether the loss is finite."""
    return bool(loss.isfinite())
'''

KEPT_BUFFERS = '''
class KeptBuffers:
    """A copy of the buffers of a model, such as the statistics of BatchNorm."""

    def __init__(self, model):
        self.buffers = list(model.buffers())
        self.keep()

    def keep(self):
        self.kept = [buffer.clone() for buffer in self.buffers]

    def restore(self):
        for buffer, kept in zip(self.buffers, self.kept, strict=True):
            buffer.copy_(kept)
'''

RESTORE = '''
def restore(optimizer, state):
    """Restore the state of the optimizer, but not its options, such as a learning rate that a scheduler changes."""
    options = [{name: group[name] for name in group if name != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(deepcopy(state))
    for group, kept in zip(optimizer.param_groups, options, strict=True):
        group.update(kept)
'''


def skip_lines(script: Script) -> tuple[list[str], list[str]]:
    """Return the lines for a batch that is skipped, and for any other: it leaves no trace in the buffers."""
    script.define(KEPT_BUFFERS)
    modules = "model" if len(script.modules) == 1 else "nn.ModuleList([model, criterion])"
    script.loop.before.append(f"buffers = KeptBuffers({modules})")
    return ["buffers.restore()"], ["buffers.keep()"]


def copy_lines(script: Script, every: int) -> tuple[list[str], list[str]]:
    """Return the lines for a batch that is rolled back, and for any other: everything is copied every few steps."""
    script.use("from copy import deepcopy")
    parts = [*script.modules, "optimizer"]
    states = [f"{part}.state_dict()" for part in parts]
    copied = f"kept = deepcopy(({', '.join(states)}))"
    script.loop.before.append(copied)
    undo = [f"{part}.load_state_dict(kept[{index}])" for index, part in enumerate(script.modules)]
    undo += [f"restore(optimizer, kept[{len(script.modules)}])"]
    script.define(RESTORE)
    return undo, [copied] if every == 1 else [f"if (step + 1) % {every} == 0:", f"    {copied}"]

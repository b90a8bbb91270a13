"""The lines of a script that averages weights."""

from hookline.script import Script, cannot_be_written

SWAP = '''
def swap(one, other):
    """Swap the weights and buffers of two models."""
    pairs = zip([*one.parameters(), *one.buffers()], [*other.parameters(), *other.buffers()], strict=True)
    for first, second in pairs:
        first.data, second.data = second.data, first.data
'''

BOTH = "both = nn.ModuleList([model, criterion])"


def averaged_modules(script: Script) -> str:
    """Return what is averaged as code: the model, together with the criterion if that has a state."""
    if len(script.modules) == 1:
        return "model"
    script.use("from torch import nn")
    if BOTH not in script.loop.before:
        script.loop.before.append(BOTH)
    return "both"


def lines_of_statistics(script: Script) -> list[str]:
    """Return the lines that recompute the statistics of BatchNorm, if the model has any."""
    from torch.nn.modules.batchnorm import _BatchNorm

    if not any(isinstance(module, _BatchNorm) for module in script.model.modules()):
        return []
    script.use("from torch.optim.swa_utils import update_bn")
    model, batches = "model", 'batches("training", epoch)'
    if len(script.batch.inputs) > 1 or script.batch.lengths:
        raise cannot_be_written("The statistics of a model with several inputs have no lines.")
    return [f"update_bn({batches}, {model})  # The statistics of BatchNorm belong to other weights."]

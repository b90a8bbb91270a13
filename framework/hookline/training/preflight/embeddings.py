"""Find indices that are out of range of an embedding, in all rows, before training fails on one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import MismatchError
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.training.build.build import unchanged_embeddings

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch
    from hookline.data.data import Data


def refuse_unknown_indices(run: Run, data: "Data", model: "nn.Module") -> None:
    """Raise a `MismatchError` for indices that are out of range of an embedding.

    Only the model knows which embedding it uses for an integer. So it is applied to the rows with the smallest and the
    largest integer of each column if these are out of range of the smallest embedding, which usually means no rows.
    """
    from torch import nn

    tables = {
        name: module for name, module in model.named_modules() if isinstance(module, (nn.Embedding, nn.EmbeddingBag))
    }
    if not tables:
        return
    smallest = min(module.num_embeddings for module in tables.values())
    for split, batches in data.splits().items():
        rows = getattr(batches, "all", getattr(batches, "extremes", None))
        suspicious = None if rows is None else _suspicious_rows(rows, smallest)
        if suspicious is None:
            continue
        for first in range(0, suspicious.rows, run.spec.data.batch_size):  # The same batch size as in training.
            some = suspicious.slice(first, first + run.spec.data.batch_size)
            if found := _unknown(run, model, tables, some.changed(lambda tensor: tensor.to(run.device))):
                raise MismatchError(f"{found[0]} in the {split} split.", ("model",), id="unknown-index")


def _suspicious_rows(rows: "Batch", smallest: int) -> "Batch | None":
    """The rows with the smallest or largest integer of a column, if it is out of range; `None` if there are none."""
    import torch

    integers = [tensor.reshape(rows.rows, -1) for tensor in rows.inputs.values() if not tensor.is_floating_point()]
    if not rows.rows or not integers:
        return None
    extremes = [extreme for tensor in integers for extreme in (tensor.max(0), tensor.min(0))]
    places = [one.indices[(one.values < 0) | (one.values >= smallest)] for one in extremes]
    found = torch.cat(places).unique()
    return rows.changed(lambda tensor: tensor[found]) if len(found) else None


def _unknown(run: Run, model: "nn.Module", tables: "Mapping[str, nn.Module]", batch: "Batch") -> list[str]:
    """Apply the model to these rows, and describe the indices that are out of range of its embeddings."""
    import torch

    found: list[str] = []

    def look(name: str, module: Any, inputs: "Tensor") -> None:
        if inputs.is_floating_point():
            return  # A positional embedding, which is added to its inputs.
        wrong = inputs[(inputs < 0) | (inputs >= module.num_embeddings)]
        if len(wrong):
            kind, last = type(module).__name__, module.num_embeddings - 1
            layer = f'The layer "{name}", an {kind},' if name else f"The model, an {kind},"
            found.append(f"{layer} has the indices 0 to {last}, but receives {int(wrong[0])}")

    def hook(name: str) -> Any:
        return lambda module, inputs, named: look(name, module, inputs[0] if inputs else named["input"])

    handles = [module.register_forward_pre_hook(hook(name), with_kwargs=True) for name, module in tables.items()]
    try:
        with torch.no_grad(), devices.forked_generators(run.device), unchanged_embeddings(model):
            run.stages.forward(run=run, model=model, batch=batch)
    except Exception:
        if not found:
            raise
    finally:
        for handle in handles:
            handle.remove()
    return found

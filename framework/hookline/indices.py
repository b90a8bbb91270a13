"""Indices that an embedding does not have: they are looked for in all rows, before the training comes upon them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline import devices
from hookline.building import unchanged_embeddings
from hookline.errors import MisfitError
from hookline.run import Run

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data import Batch, Data


def refuse_unknown_indices(run: Run, data: "Data", model: "nn.Module") -> None:
    """Raise a `MisfitError` for indices that an embedding does not have.

    The model is given those rows of each split that have the least or the greatest integer of a column. What reaches
    an embedding may have been computed from them, so it is looked at there.
    """
    from torch import nn

    tables = {
        name: module for name, module in model.named_modules() if isinstance(module, (nn.Embedding, nn.EmbeddingBag))
    }
    if not tables:
        return
    for split, batches in data.splits().items():
        rows = _extreme_rows(batches.all) if hasattr(batches, "all") else None
        if rows is None:
            continue
        if found := _unknown(run, model, tables, rows.changed(lambda tensor: tensor.to(run.device))):
            raise MisfitError(f"{found[0]} in the {split} split.", ("model",))


def _extreme_rows(rows: "Batch") -> "Batch | None":
    """The rows with the extreme ones of the integers; `None` if there are none."""
    import torch

    integers = [tensor.reshape(rows.rows, -1) for tensor in rows.inputs.values() if not tensor.is_floating_point()]
    if not rows.rows or not integers:
        return None
    # Of each column, since columns may be looked up in tables of their own.
    extremes = [place for tensor in integers for place in (tensor.argmax(0), tensor.argmin(0))]
    places = torch.cat(extremes).unique()
    return rows.changed(lambda tensor: tensor[places])


def _unknown(run: Run, model: "nn.Module", tables: "Mapping[str, nn.Module]", batch: "Batch") -> list[str]:
    """What embeddings are given that they do not have when the model is applied to these rows, in words."""
    import torch

    found: list[str] = []

    def look(name: str, module: Any, inputs: "Tensor") -> None:
        if inputs.is_floating_point():
            return  # It is no table of what comes in: one of places adds to it.
        wrong = inputs[(inputs < 0) | (inputs >= module.num_embeddings)]
        if len(wrong):
            kind, last = type(module).__name__, module.num_embeddings - 1
            layer = f'The layer "{name}", an {kind},' if name else f"The model, an {kind},"
            found.append(f"{layer} has the indices 0 to {last}, and is given {int(wrong[0])}")

    handles = [
        module.register_forward_pre_hook(lambda module, inputs, name=name: look(name, module, inputs[0]))
        for name, module in tables.items()
    ]
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

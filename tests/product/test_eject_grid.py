"""The scripts of every loss with every optimizer compute what Hookline computes: see `test_grid.py`."""

import importlib.util
import sys
import tempfile
from pathlib import Path

import ejected
import pytest
from exhaustive import EXHAUSTIVE

import hookline
from hookline.errors import MismatchError, SpecError
from hookline.script import BatchNames, literal
from hookline_data.ejecting.batches import add_batches


def neighbor(name):
    """The test module of this name in this folder."""
    specification = importlib.util.spec_from_file_location(
        f"neighboring_{name}", Path(__file__).with_name(f"{name}.py")
    )
    module = sys.modules[specification.name] = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


grid = neighbor("test_grid")


@hookline.spec.spec
class GivenLines(grid.Given):
    """The data of the loss of this name, which a script contains as numbers."""

    def eject(self, script, run, data, objective):
        rows = data.training.all
        script.use("import numpy as np")
        script.add("read", "inputs, targets = {}, {}")
        for called, group in (("inputs", rows.inputs), ("targets", rows.targets)):
            for name, tensor in group.items():
                script.add("read", f"{called}[{literal(name)}] = torch.tensor({literal(tensor.tolist())})", apart=False)
        script.add("split", f'splits = {{"training": np.arange({data.training.rows})}}')
        tensors = [f"inputs[{literal(name)}]" for name in rows.inputs]
        add_batches(script, self, [*tensors, *(f"targets[{literal(name)}]" for name in rows.targets)])
        return BatchNames(
            inputs={name: f"x_{name}" for name in rows.inputs}, targets={name: f"y_{name}" for name in rows.targets}
        )


class Plugin:
    """Adds the data source."""

    @hookline.hookimpl
    def register_specs(self):
        return [GivenLines]


def compared(loss, optimizer):
    """What differs between a training and its script; `None` if the combination is refused."""
    options, _, _, _, outputs, last = grid.LOSSES[loss]
    kind = loss.partition(" ")[0]
    spec = {
        "run": {"epochs": grid.EPOCHS, "seed": grid.SEED, "device": "cpu"},
        "data": {"type": "GivenLines", "loss": loss, "batch_size": grid.BATCH},
        "model": {"type": "Sequential", "layers": grid.layers(last, outputs)},
        **({"losses": grid.SUM} if loss == grid.SEVERAL else {"loss": {"type": kind, **options}}),
        "optimizer": {"type": optimizer, **grid.OPTIMIZERS[optimizer]},
    }
    plugins = [Plugin()]
    with tempfile.TemporaryDirectory() as directory:
        try:
            loaded = hookline.load(spec, plugins=plugins)
            script = hookline.eject(loaded, plugins=plugins)
        except (SpecError, MismatchError) as error:
            return None if any(reason in str(error) for reason in grid.REASONS) else [str(error)]
        trial = hookline.train(loaded, plugins=plugins, out=Path(directory) / "run")
        return ejected.differences(trial, ejected.run_script(script, directory))


@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
@pytest.mark.parametrize(("loss", "optimizer"), grid.SAMPLE)
def test_a_script_trains_a_loss_with_an_optimizer_to_the_same_bits(loss, optimizer):
    assert not compared(loss, optimizer)


@EXHAUSTIVE
@pytest.mark.filterwarnings("ignore:Sparse invariant checks are implicitly disabled")
@pytest.mark.parametrize("loss", grid.LOSSES)
def test_a_script_trains_a_loss_with_every_optimizer_to_the_same_bits(loss):
    found = {optimizer: compared(loss, optimizer) for optimizer in grid.OPTIMIZERS}
    assert not {optimizer: said for optimizer, said in found.items() if said}
    assert any(said == [] for said in found.values())

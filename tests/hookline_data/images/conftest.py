"""Fixtures with small folders of images."""

import numpy
import pytest
import torch
from PIL import Image

import hookline
from hookline_stages.beginning import prepare_data


@pytest.fixture
def folder(tmp_path):
    """Write random RGB images of 6 × 8 pixels: four cats, three dogs, and two in a folder below that of the dogs."""
    random = numpy.random.default_rng(2)
    names = [*(f"cat/{i}.png" for i in range(4)), *(f"dog/{i}.bmp" for i in range(3)), "dog/old/a.png", "dog/old/b.PNG"]
    for name in names:
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=numpy.uint8)).save(path)
    return tmp_path / "pets"


@pytest.fixture
def prepare_images():
    """Prepare a source of images, of type ImageFolder by default."""

    def prepare_images(path=None, *, seed=0, run=None, loss="CrossEntropyLoss", rows=None, **options):
        data = {"type": "ImageFolder", **({} if path is None else {"path": str(path)}), **options}
        spec = hookline.load(
            {
                "run": {"seed": seed, **(run or {})},
                "data": data,
                "model": {"type": "Linear", "out_features": 2},
                "loss": {"type": loss},
                "optimizer": {"type": "SGD"},
            }
        )
        made = {"stages": None, "plugins": (), "catalog": None, "device": torch.device("cpu")}
        return prepare_data(hookline.Run(spec=spec, given=rows, **made))

    return prepare_images

"""Deployment as a folder for the Hugging Face Hub."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hookline import open_run
from hookline.files import write_file
from hookline.spec import DeploySpec, spec
from hookline.training import Comparison, Deployment, compared
from hookline_deploy.described import described
from hookline_deploy.model_card import Card, model_card


@spec
class HuggingFace(DeploySpec):
    """Write a folder that the Hugging Face Hub shows as a model, `hugging_face` in the run. Nothing is uploaded.

    It has the weights (`model.safetensors`), `config.json`, and a model card (`README.md`): task, data, metrics,
    intended use, limitations, and how to load the model in five lines. The folder is also a finished run, without rows
    of the data, which `hookline.open_run` opens and `hookline predict` uses.

    Read the card before you upload the folder, for example with `hf upload`, and complete it with what you know about
    the data: the class of the model and its numbers do not say where they came from.

    Source: https://huggingface.co/docs/hub/model-cards
    """

    directory = "hugging_face"
    description = "config.json"
    writes_to = ("hugging_face/",)
    connects_to = ()

    repo_id: str | None = None
    """The repository on the hub that the card names, such as "me/iris". Default: "<user>/<the name of the run>"."""
    license: str | None = None
    """The license, with its identifier on the hub, such as "mit" or "cc-by-4.0"."""
    tags: tuple[str, ...] = ()
    """Tags for the hub, in addition to "hookline" and "pytorch"."""
    intended_use: str = ""
    """What the model is meant for, in sentences. Default: a sentence about the target and the columns."""
    limitations: str = ""
    """What the model is not good for, in sentences, which come before those that follow from the data."""

    def write(self, deployment: Deployment, directory: Path) -> Mapping[str, Any]:
        """Write the files of a finished run, and the card."""
        deployment.write_run(directory)
        card = Card(
            repo_id=self.repo_id or f"<user>/{deployment.spec.run.name}",
            license=self.license,
            tags=self.tags,
            intended_use=self.intended_use,
            limitations=self.limitations,
        )
        write_file(directory / "README.md", model_card(deployment, card))
        return {
            "library_name": "hookline",
            "model_type": "hookline",
            "architectures": [type(deployment.spec.model).__name__],
            **_labels(deployment),
            **described(deployment, "hookline.hugging_face.1", directory),
        }

    def compare(self, deployment: Deployment, directory: Path) -> Comparison:
        """Open the folder as a finished run, and compare the predictions of its model."""
        own = [plugin for origin, plugin in deployment.run.plugins if origin.distribution is None]
        run = open_run(directory, plugins=own, device="cpu")
        found = deployment.predictions(run.model, run.criterion)
        return compared(deployment.expected, found, tolerance=0, reader="hookline.open_run")


def _labels(deployment: Deployment) -> dict[str, Any]:
    """Return the classes as the hub expects them, if there is one target with classes."""
    classes = [target.classes for target in deployment.data.targets.values()]
    if len(classes) != 1 or classes[0] is None:
        return {}
    names = {str(index): str(name) for index, name in enumerate(classes[0])}
    return {"id2label": names, "label2id": {name: int(index) for index, name in names.items()}}

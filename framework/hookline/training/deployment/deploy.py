"""Write, read back and compare an artifact before it gets its name: the one way in which every target is deployed."""

from collections.abc import Sequence
from pathlib import Path

from attrs import asdict, frozen

from hookline.errors.exceptions import DeploymentError, HooklineError
from hookline.errors.failures import FAILURES, reason
from hookline.files.atomic import write_file
from hookline.spec.dump import to_json
from hookline.spec.families.deploy import DeploySpec
from hookline.training.deployment.comparison import Comparison
from hookline.training.deployment.deployment import Deployment
from hookline.training.deployment.existing import files_in, refuse_existing
from hookline.training.deployment.replaced_directory import flush_tree, replaced_directory


@frozen(kw_only=True)
class Deployed:
    """A model that has been deployed."""

    place: Path
    """The directory."""
    files: Sequence[Path]
    """The files in it; the description of the others comes last."""
    comparison: Comparison | None
    """The comparison with the model in memory; `None` if the target compares nothing."""

    @property
    def compared(self) -> str:
        """The comparison as a sentence."""
        return "It was not compared with the model in memory." if self.comparison is None else str(self.comparison)

    def __str__(self) -> str:
        """The name of the directory, and the comparison."""
        return f"{self.place.name}: {self.compared}"


def deploy(target: DeploySpec, deployment: Deployment, place: Path, *, force: bool = False) -> Deployed:
    """Deploy a model to a directory.

    The files are written beside the directory, flushed to the disk, read back as their users will read them, and
    compared with the model in memory on example rows. Only then does the directory get its name. Whatever fails leaves
    nothing behind.

    Args:
        target: the format.
        deployment: the model.
        place: the directory.
        force: replace an existing directory. It stays until the new one is complete.

    Raises:
        DeploymentError: If the model cannot be written in this format, or if what was read back differs.
        FileError: If a file cannot be written, for example because the disk is full.
        HooklineError: If the directory exists, or has files that no deployment has written.

    """
    name = type(target).__name__
    refuse_existing(place, force=force)
    with replaced_directory(place) as part:
        try:
            with deployment.opened():
                description = dict(target.write(deployment, part))
                flush_tree(part)
                comparison = target.compare(deployment, part)
        except DeploymentError as error:
            raise DeploymentError(f"{name} was not written to {place}. {error}") from error
        except HooklineError:
            raise
        except OSError:
            raise  # Such as a full disk: `replaced_directory` reports it.
        except FAILURES as error:
            raise DeploymentError(f"{name} was not written to {place}. {reason(error)}") from error
        known = {**description, "files": files_in(part), "compared": None if comparison is None else asdict(comparison)}
        write_file(part / target.description, to_json(known, indent=2) + "\n")
    inside = sorted(path for path in place.rglob("*") if path.is_file())
    files = sorted(inside, key=lambda path: path == place / target.description)
    return Deployed(place=place, files=tuple(files), comparison=comparison)

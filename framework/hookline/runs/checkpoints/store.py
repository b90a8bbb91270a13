"""Checkpoints on the disk: each is a directory that is complete, or does not have its final name.

A checkpoint has the files `tensors.safetensors` and `state.json`, and `manifest.json` with the size and the SHA-256 of
both, which is written last. It is written under a temporary name, flushed to the disk with its directory, and renamed.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.exceptions import CheckpointError, FileError
from hookline.files.atomic import flush_to_disk, refusing, write_file
from hookline.runs.checkpoints.encode import Encoder, decode

if TYPE_CHECKING:
    from torch import Tensor

NAME = "checkpoints"
"""The directory of the checkpoints in the directory of a run."""

FORMAT = 1
"""The version of the format. Hookline reads no other version: a state fits only the code that wrote it."""

TENSORS, STATE, MANIFEST = "tensors.safetensors", "state.json", "manifest.json"
PART = ".part"
"""The suffix of a checkpoint that is being written."""

STEP = re.compile(r"step-(\d{8,})")


@frozen(eq=False)
class Snapshot:
    """A copy of a state, ready to be written by another thread while the training continues."""

    step: int
    """The number of completed steps."""
    state: Any
    """The state as values for JSON."""
    tensors: "dict[str, Tensor]"
    """Its tensors, on the CPU."""


def snapshot(step: int, state: Any) -> Snapshot:
    """Copy a state.

    Raises:
        CheckpointError: If it has a value that a checkpoint cannot hold.

    """
    encoder = Encoder()
    try:
        encoded = encoder.encode(state, "state")
    except RecursionError:
        raise CheckpointError("The state contains itself, or is nested too deeply.") from None
    return Snapshot(step=step, state=encoded, tensors=encoder.tensors)


@frozen
class SavedCheckpoint:
    """A checkpoint on the disk."""

    directory: Path

    @property
    def step(self) -> int:
        """The number of completed steps."""
        found = STEP.search(self.directory.name)
        assert found is not None, "Only checkpoints have such a name."
        return int(found[1])

    def verify(self) -> None:
        """Raise a `CheckpointError` unless every file is exactly what was written."""
        for name in (TENSORS, STATE):
            self._content(name)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the tensors."""
        return str(self._manifest()[TENSORS]["sha256"])

    def values(self) -> dict[str, Any]:
        """Return the state without its tensors, as it is encoded, without torch.

        Raises:
            CheckpointError: If a file is missing or damaged.

        """
        try:
            return dict(json.loads(self._content(STATE)))
        except (ValueError, TypeError, RecursionError) as error:
            raise CheckpointError(f"{self.directory}: The checkpoint is damaged: {error}.") from error

    def load(self) -> Any:
        """Return the state, whose tensors are on the CPU and belong to it alone.

        Raises:
            CheckpointError: If a file is missing or damaged. Nothing is unpickled.

        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        state, content = self._content(STATE), self._content(TENSORS)
        try:
            # Tensors of a file are not aligned in memory, which changes what some kernels compute.
            tensors = {name: tensor.clone() for name, tensor in load(content).items()}
            encoded = json.loads(state)
        except (SafetensorError, ValueError, RecursionError) as error:
            raise CheckpointError(f"{self.directory}: The checkpoint is damaged: {error}.") from error
        try:
            return decode(encoded, tensors)
        except CheckpointError as error:
            raise CheckpointError(f"{self.directory}: {error}") from error

    def _content(self, name: str) -> bytes:
        """Return the content of a file that is as it was written."""
        entry = self._manifest()[name]
        path = self.directory / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CheckpointError(f"{path}: The file cannot be read: {error.strerror}.") from error
        if len(content) != entry["size"] or sha256(content).hexdigest() != entry["sha256"]:
            raise CheckpointError(f"{path}: The file is damaged: it is not what the run wrote ({MANIFEST}).")
        return content

    def _manifest(self) -> dict[str, Any]:
        path = self.directory / MANIFEST
        try:
            text = path.read_bytes().decode()
            table = json.loads(text)
            if table["format"] > FORMAT:
                raise CheckpointError(f"{path}: A newer version of Hookline wrote this checkpoint.")
            files = {name: dict(table["files"][name]) for name in (TENSORS, STATE)}
            if table["step"] != self.step:
                raise ValueError(f"it belongs to step {table['step']}")
            is_as_written = text == _manifest_text(self.step, files)
            if not is_as_written or any(set(entry) != {"size", "sha256"} for entry in files.values()):
                raise ValueError("its own checksum differs")
        except FileNotFoundError:
            raise CheckpointError(f"{path}: The file is missing: the checkpoint is incomplete.") from None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CheckpointError(f"{path}: The file is damaged: {error}.") from None
        return files


def _manifest_text(step: int, files: dict[str, Any]) -> str:
    """The text of a manifest. It contains its own checksum."""
    listed = {"format": FORMAT, "step": step, "files": files}
    return json.dumps({**listed, "sha256": sha256(json.dumps(listed).encode()).hexdigest()}, indent=2) + "\n"


def write(run_directory: Path, made: Snapshot) -> SavedCheckpoint:
    """Write a checkpoint, read it back, and return it. A complete checkpoint of the same step is kept.

    If this fails or the process is killed, all earlier checkpoints stay as they are.

    Raises:
        FileError: If it cannot be written, for example because the disk is full.
        CheckpointError: If what can be read back differs from what was written.

    """
    from safetensors.torch import save

    home = run_directory / NAME
    final = home / f"step-{made.step:08}"
    part = home / f".{final.name}{PART}"
    contents = {TENSORS: save(made.tensors), STATE: json.dumps(made.state).encode()}
    listed = {name: {"size": len(text), "sha256": sha256(text).hexdigest()} for name, text in contents.items()}
    with refusing(final):
        if not home.is_dir():
            home.mkdir()
            flush_to_disk(run_directory)  # Otherwise a power failure may lose the whole directory.
        _remove(part)
        part.mkdir()
    try:
        for name, content in contents.items():
            write_file(part / name, content)
        write_file(part / MANIFEST, _manifest_text(made.step, listed))
        flush_to_disk(part)
        SavedCheckpoint(part).verify()
        with refusing(final):
            # A directory cannot replace another one. A complete checkpoint of this step has the same state.
            if final.exists() and _is_complete(SavedCheckpoint(final)):
                _remove(part)
                return SavedCheckpoint(final)
            _remove(final)
            part.rename(final)
        flush_to_disk(home)
    except BaseException:
        with suppress(OSError):
            _remove(part)
        raise
    return SavedCheckpoint(final)


def _is_complete(checkpoint: SavedCheckpoint) -> bool:
    try:
        checkpoint.verify()
    except CheckpointError:
        return False
    return True


def remove(checkpoint: SavedCheckpoint) -> None:
    """Remove a checkpoint: it loses its name first, so that it is never half a checkpoint.

    Raises:
        FileError: If it cannot be removed.

    """
    directory = checkpoint.directory
    leaving = directory.with_name(f".{directory.name}{PART}")
    with refusing(directory):
        _remove(leaving)
        directory.rename(leaving)
        _remove(leaving)


def _remove(directory: Path) -> None:
    with suppress(FileNotFoundError):
        shutil.rmtree(directory)


def all_of(run_directory: Path) -> list[SavedCheckpoint]:
    """Return the checkpoints of a run that have their final names, from the oldest to the newest."""
    try:
        found = [SavedCheckpoint(path) for path in (run_directory / NAME).iterdir() if STEP.fullmatch(path.name)]
    except OSError:
        return []
    return sorted(found, key=lambda checkpoint: checkpoint.step)


def from_newest(run_directory: Path) -> Iterator[SavedCheckpoint]:
    """Yield the checkpoints of a run from the newest to the oldest."""
    yield from reversed(all_of(run_directory))


def remove_unfinished(run_directory: Path) -> None:
    """Remove what a process that was killed had not finished writing or removing."""
    for path in (run_directory / NAME).glob(f".*{PART}"):
        with suppress(OSError, FileError):
            _remove(path)

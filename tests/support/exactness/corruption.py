"""Damaged checkpoints are found before one of their tensors is used, and undamaged ones never seem damaged."""

import random
import shutil
import tempfile
from pathlib import Path

import torch

from exactness.result import Result
from hookline.errors.exceptions import CheckpointError
from hookline.runs.checkpoints import store
from hookline.training.checkpoints.writer import newest_state

FILES = (store.TENSORS, store.STATE, store.MANIFEST)


def state(step):
    """A state with the kinds of values that trainings have."""
    draw = torch.Generator().manual_seed(step)
    return {
        "run": {"step": step, "loss": 0.1 * step, "history": [{"epoch": 1, "training/loss": float("nan")}]},
        "model": {"weight": torch.randn(8, 4, generator=draw), "bias": torch.randn(8, generator=draw)},
        "optimizer": {0: {"step": torch.tensor(float(step)), "betas": (0.9, 0.999)}},
    }


def flip(files, draw):
    """Flip a bit."""
    path = draw.choice(files)
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def truncate(files, draw):
    """Cut off the end of a file, or all of it."""
    path = draw.choice(files)
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content))])


def extend(files, draw):
    """Add bytes at the end of a file."""
    path = draw.choice(files)
    path.write_bytes(path.read_bytes() + draw.randbytes(draw.randrange(1, 9)))


def blank(files, draw):
    """Overwrite a part of a file with zeros, as a lost block does."""
    path = draw.choice(files)
    content = bytearray(path.read_bytes())
    first = draw.randrange(len(content))
    last = min(len(content), first + 512)
    if any(content[first:last]):
        content[first:last] = bytes(last - first)
    else:
        content[first] = 1
    path.write_bytes(content)


def delete(files, draw):
    """Remove a file."""
    draw.choice(files).unlink()


def swap(files, draw):
    """Exchange two files, of this checkpoint or of the one before it."""
    one = draw.choice(files)
    before = one.parent.with_name("step-00000001") / one.name
    other = draw.choice([before, *(path for path in files if path != one)])
    one_content, other_content = one.read_bytes(), other.read_bytes()
    one.write_bytes(other_content)
    if other.parent == one.parent:
        other.write_bytes(one_content)


def rename(files, draw):
    """Give a whole checkpoint the name of another one."""
    home = files[0].parent
    shutil.rmtree(home)
    shutil.copytree(home.with_name("step-00000001"), home)


def replace(files, draw):
    """Put a directory in the place of a file."""
    path = draw.choice(files)
    path.unlink()
    path.mkdir()


DAMAGES = (flip, flip, flip, flip, truncate, truncate, extend, blank, delete, swap, swap, rename, replace)


def prove(damages=10_000, clean=10_000, seed=0):
    """Damage the newer one of two checkpoints in many ways; load both as often without damage."""
    result = Result("corruption")
    draw = random.Random(seed)  # noqa: S311 - Not for cryptography.
    decoded = store.decode
    with tempfile.TemporaryDirectory(prefix="exactness-") as place:
        run = Path(place)
        for step in (1, 2):
            store.write(run, store.snapshot(step, state(step)))
        good = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        newest = run / store.NAME / "step-00000002"
        expected = {step: repr(store.snapshot(step, state(step)).state) for step in (1, 2)}
        used = []
        store.decode = lambda value, tensors: used.append(value) or decoded(value, tensors)
        try:
            for number in range(damages):
                damage = DAMAGES[number % len(DAMAGES)]
                damage([newest / name for name in FILES], draw)
                used.clear()
                problem = _problem(run, newest, expected[1], used)
                result.add(f"{damage.__name__} {number}", problem, damaged=1)
                shutil.rmtree(run / store.NAME)
                for path, content in good.items():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
        finally:
            store.decode = decoded
        for number in range(clean):
            step = 1 + number % 2
            loaded = store.SavedCheckpoint(run / store.NAME / f"step-{step:08}").load()
            is_same = repr(store.snapshot(step, loaded).state) == expected[step]
            result.add(f"clean {number}", None if is_same else "differs", clean=1)
    return result


def _problem(run, newest, before, used):
    """What is wrong with how a damaged checkpoint is handled."""
    try:
        store.SavedCheckpoint(newest).load()
    except CheckpointError as error:
        if str(newest) not in str(error):
            return f"the message does not name it: {error}"
    else:
        return "it was loaded"
    if used:
        return "its tensors were used"
    told = []
    found = newest_state(run, told.append)
    if found is None or found[0] != 1 or repr(store.snapshot(1, found[1]).state) != before:
        return "the checkpoint before it was not used"
    return None if len(told) == 1 else f"told {told}"

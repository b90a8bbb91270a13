"""The lines that begin with the weights of another run: see `hookline.training.build.initialize_from`."""

from pathlib import Path
from typing import Any

from hookline.plugins.stages import Run
from hookline.runs.weights_of_run import weights_of_run
from hookline.script.python import literal
from hookline.script.script import Script
from hookline.script.written import cannot_be_written


def add_weights_of_run(script: Script, run: Run, criterion: Any) -> None:
    """Add the statements that load what the run has loaded, by its names, from the files of the other run."""
    loaded = run.initialized_from
    if loaded is None:
        return
    found = weights_of_run(run.spec.initialize_from)
    saved = found.tensors()
    names = [name for name in loaded["loaded"] if name in saved]
    parts: dict[str, dict[str, str]] = {"model": {}, "criterion": {}}
    for name in names:
        owner = "criterion" if name.startswith("criterion.") else "model"
        inside = name.removeprefix("criterion.")
        # The script has the criteria of `[losses]` without the module around them.
        own = inside.removeprefix("losses.") if owner == "criterion" and run.objective.names else inside
        parts[owner][own] = inside
    states = {"model": script.model.state_dict(), "criterion": criterion.state_dict()}
    script.add("model", f"# Begin with the weights of {loaded['run']} after step {found.step}.")
    script.use("from safetensors.torch import load_file")
    for part, tensors in parts.items():
        if tensors:
            path, prefix = found.files[part]
            is_whole = not prefix and tensors.keys() == states[part].keys() and _names_in(path) == set(tensors.values())
            script.add("model", _loaded(part, path, prefix, tensors, is_whole=is_whole), apart=False)


def _loaded(part: str, path: Path, prefix: str, tensors: dict[str, str], *, is_whole: bool) -> str:
    """Return the statements that load tensors of a file: all of them, or some by their names."""
    if missing := [name for name in tensors.values() if f"{prefix}{name}" not in _names_in(path)]:
        raise cannot_be_written(f"The file {path} has no tensor {missing[0]}.", ("initialize_from",))
    where = literal(_shortest(path))
    if is_whole:
        return f"{part}.load_state_dict(load_file({where}))"
    source = f'saved[f"{prefix}{{name}}"]' if prefix else "saved[name]"
    if any(own != there for own, there in tensors.items()):
        pairs = ", ".join(f"{literal(own)}: saved[{literal(f'{prefix}{there}')}]" for own, there in tensors.items())
        return f"saved = load_file({where})\n{part}.load_state_dict({{{pairs}}}, strict=False)"
    lines = [f"saved = load_file({where})", f"names = {literal(list(tensors))}"]
    return "\n".join([*lines, f"{part}.load_state_dict({{name: {source} for name in names}}, strict=False)"])


def _names_in(path: Path) -> set[str]:
    """Return the names of the tensors in a safetensors file."""
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        return set(file.keys())


def _shortest(path: Path) -> str:
    """Return a path as the script has it: relative to the current directory, if it is below it."""
    absolute, here = path.resolve(), Path.cwd()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()

"""The lines that read images: those of folders, and those whose paths are in a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.script import BatchNames, Script, literal
from hookline_data.ejecting.batches import BatchLines
from hookline_data.ejecting.files.read_file import path_in_script
from hookline_data.ejecting.splits.add_splits import add_splits
from hookline_data.images.class_folders import image_files

if TYPE_CHECKING:
    from hookline.data import Data
    from hookline.spec import Objective
    from hookline_data.image_folder import ImageFolder
    from hookline_data.images.image_source import ImageSource

READABLE = '''
def is_readable(path):
    """Whether an image can be read."""
    try:
        read(path)
    except (OSError, ValueError):
        return False
    return True
'''


def eject_folder(source: "ImageFolder", script: Script, data: "Data", objective: "Objective") -> BatchNames:
    """Add the lines of folders of images, and return the names of a batch."""
    script.use("import numpy as np", "from pathlib import Path")
    reader = script.define(reader_of(source, script))
    folders = [source.path, *source._table().other_files.values()]
    sizes = ""
    if len(folders) == 1:
        folder = literal(path_in_script(source.path))
        found, class_of = _listed(folders, f"Path({folder})", f"Path({folder})")
        script.add("read", f"paths = {found}")
        classes = f"[{class_of} for path in paths]"
    else:
        listed = ", ".join(f"Path({literal(path_in_script(folder))})" for folder in folders)
        found, class_of = _listed(folders, "folder", "folder")
        script.add("read", f"folders = [{listed}]")
        script.add("read", f"paths_of = [{found} for folder in folders]", apart=False)
        classes = f"[{class_of} for folder, paths in zip(folders, paths_of, strict=True) for path in paths]"
        sizes = "[len(one) for one in paths_of]"
    if source.skip_unreadable:
        is_readable = script.define(READABLE.replace("read(", f"{reader}("))
        names, code = ("paths", "paths") if not sizes else ("paths_of", "one")
        filtered = f"[path for path in {code} if {is_readable}(path)]"
        script.add("read", f"{names} = {filtered if not sizes else f'[{filtered} for one in paths_of]'}", apart=False)
    script.add("read", f"labels = np.array({classes})", apart=False)
    if sizes:
        script.add("read", "paths = [path for one in paths_of for path in one]", apart=False)
    add_pixels(script, reader)
    known = "len(paths_of[0])" if sizes else "len(paths)"
    add_splits(script, source._table(), known, lambda _: "labels", "class", sizes)
    [name] = data.targets
    [encoding] = objective.encodings([name]).values()
    expression = encoding.eject(script, {"class": "labels"}, data.target, 'splits["training"]')
    script.add("prepare", f"targets = {script.moved(expression)}", apart=False)
    [group] = data.example.inputs
    batches = BatchLines(source, script, data, pixels=group)
    batches.add_inputs({group: "pixels"})
    batches.add_targets({name: "targets"})
    return batches.add()


def add_pixels(script: Script, reader: str) -> None:
    """Add the lines that read the images of `paths`."""
    made = f"torch.from_numpy(np.stack([{reader}(path) for path in paths]))"
    script.add("read", f"pixels = {script.moved(made)}", apart=False)


def _listed(folders: Sequence[Path], folder: str, root: str) -> tuple[str, str]:
    """Return expressions for the paths of all images in a folder, and for the class of the image `path`."""
    files = [(one, file) for one in folders for file in image_files(one)]
    suffixes = sorted({file.suffix for _, file in files})
    condition = f"== {literal(suffixes[0])}" if len(suffixes) == 1 else f"in {literal(tuple(suffixes))}"
    if all(len(file.relative_to(one).parts) == 2 for one, file in files):
        return f'sorted(path for path in {folder}.glob("*/*") if path.suffix {condition})', "path.parent.name"
    class_of = f"path.relative_to({root}).parts[0]"
    key = f"lambda path: ({class_of}, str(path.parent), path.name)"
    return f'sorted((path for path in {folder}.rglob("*") if path.suffix {condition}), key={key})', class_of


def reader_of(source: "ImageSource", script: Script) -> str:
    """Return the function that reads an image."""
    form: Any = source.image_format
    script.use("import numpy as np", "from PIL import Image")
    if form.upright:
        script.use("from PIL import ImageOps")
    lines = ["with Image.open(path) as image:"]
    opened = "ImageOps.exif_transpose(image)" if form.upright else "image"
    if form.size is None:
        lines.append(f'    cells = np.array({opened}.convert("{form.mode}"))')
    else:
        size = literal(form.size[::-1])
        method = f"Image.Resampling.{form.interpolation.upper()}"
        if form.resize != "stretch":
            script.use("from PIL import ImageOps")
        converted = f'{opened}.convert("{form.mode}")'
        resized = {
            "crop": f"ImageOps.fit(converted, {size}, method={method})",
            "pad": f"ImageOps.pad(converted, {size}, method={method})",
            "stretch": f"converted.resize({size}, {method})",
        }[form.resize]
        lines += [f"    converted = {converted}", f"    cells = np.array({resized})"]
    lines.append("return cells[None]" if form.channels == 1 else "return cells.transpose(2, 0, 1)")
    body = "\n".join(f"    {line}" for line in lines)
    return f'def read(path):\n    """Return the pixels of an image, uint8 `(channels, height, width)`."""\n{body}'

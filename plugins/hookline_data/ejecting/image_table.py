"""The lines of images whose paths are in a table."""

from typing import TYPE_CHECKING, Any

from hookline.script import BatchNames, Script, literal
from hookline_data.ejecting.batches import BatchLines
from hookline_data.ejecting.files.read_file import path_in_script
from hookline_data.ejecting.images import READABLE, add_pixels, reader_of
from hookline_data.ejecting.table import TableLines
from hookline_data.images.image_column import path_column, with_column

if TYPE_CHECKING:
    from hookline.data import Data
    from hookline.spec import Objective
    from hookline_data.image_table import Images


def eject_image_table(source: "Images", script: Script, data: "Data", objective: "Objective") -> BatchNames:
    """Add the lines of a table and its images, and return the names of a batch."""
    table: Any = source.source
    return ImageTableLines(source, table.together(), script, data, objective).add()


class ImageTableLines(TableLines):
    """Writes the lines of a table, of which a group of inputs is the images whose paths are in a column."""

    def __init__(self, source: "Images", table: Any, script: Script, data: "Data", objective: "Objective"):
        """Take the source, its table, and the data that it returned."""
        super().__init__(with_column(table, source.image_column, path_column()), script, data, objective)
        self.source, self.column = source, source.image_column
        [self.group] = [name for name, group in self.layout.inputs.items() if self.column in group.columns]

    def after_reading(self) -> None:
        """Add the lines that read the images."""
        script, source = self.script, self.source
        reader = script.define(reader_of(source, script))
        cells = f"{self.file.column(self.column)}.to_pylist()"
        script.use("from pathlib import Path")
        if self.table.other_files and source.folder is None:
            folders = [path_in_script(path.parent) for path in (self.table.path, *self.table.other_files.values())]
            pairs = f"zip({literal(tuple(folders))}, tables, strict=True)"
            name = literal(self.column)
            made = f"[Path(folder, name) for folder, one in {pairs} for name in one[{name}].to_pylist()]"
        else:
            folder = path_in_script(self.table.path.parent if source.folder is None else source.folder)
            made = f"[Path({literal(folder)}, name) for name in {cells}]"
        script.add("read", f"paths = {made}", apart=False)
        if source.skip_unreadable:
            is_readable = script.define(READABLE.replace("read(", f"{reader}("))
            script.add("read", f"known = np.array([{is_readable}(path) for path in paths])", apart=False)
            script.add("read", "table = table.filter(known)", apart=False)
            script.add(
                "read", "paths = [path for path, is_known in zip(paths, known, strict=True) if is_known]", apart=False
            )
        add_pixels(script, reader)

    def inputs(self) -> tuple[dict[str, str], dict[str, str]]:
        """Add the lines of the other groups of inputs."""
        return self.input_lines({self.group: "pixels"})

    def batches(self) -> BatchLines:
        """Return what writes the function `batches`."""
        return BatchLines(self.source, self.script, self.data, pixels=self.group)

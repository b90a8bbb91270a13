"""A folder of images as a data source."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from attrs import evolve

from hookline import Run
from hookline.data import Data
from hookline.errors import MismatchError, OptionError, enumerate_names
from hookline.spec import Objective, RawInputs, option, spec
from hookline_data.images.image_source import ImageSource
from hookline_data.layout import checks

if TYPE_CHECKING:
    from hookline.data import DataDescription, RowBlock, RowField
    from hookline.script import BatchNames, Script
    from hookline_data.images.folder import FolderTable

IMAGE = "image"
"""The name of an image in rows of JSON."""


@spec
class ImageFolder(ImageSource):
    """Images in folders, a class a folder, such as `pets/cat/1.jpg`; classes and files are sorted by name.

    The images of a class may lie in folders below. Files with the suffixes .jpg, .jpeg, .png, .ppm, .bmp, .pgm, .tif,
    .tiff and .webp are images; others, and those whose name begins with a dot, are left out.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.ImageFolder.html
    """

    path: Path
    """The folder, relative to the spec."""
    validation: float | Path = option(default=0.0, minimum=0, below=1)
    """The fraction of images to validate the model on after each epoch, or a folder with such images."""
    test: float | Path = option(default=0.0, minimum=0, below=1)
    """The fraction of images to test the model on at the end, or a folder with such images."""
    stratify: bool = False
    """Split each class separately, so that every split has the same share of each."""
    folds: int | None = option(default=None, minimum=2)
    """Divide the images into this many folds for cross-validation; the fold `fold` is the validation split. A fraction
    `test` is set aside first."""
    fold: int = option(default=0, minimum=0, only_with=("folds",))
    """The fold that is the validation split, counted from 0."""
    train_on_validation: bool = False
    """Whether to train on the validation images, too. There is no validation split then; the test images stay the
    same."""
    split_seed: int = option(default=0, minimum=0)
    """The seed that assigns images to splits. It is independent of the run's seed, so that runs can be compared."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report splits that leave no images."""
        yield from super().conflicts()
        for problem in self._table().conflicts():
            if problem.path[0] in ("validation", "test", "stratify", "folds", "fold", "train_on_validation"):
                yield problem

    @property
    def has_validation(self) -> bool:
        """Whether there is a validation split."""
        return not self.train_on_validation and (bool(self.validation) or self.folds is not None)

    def without_validation(self) -> Mapping[str, Any]:
        """Return the option that adds the validation images to the training images.

        Raises:
            OptionError: If there are none, or if they are in another folder.

        """
        if isinstance(self.validation, Path):
            raise OptionError("validation", "The training and validation images must be in one folder.")
        return self._table().without_validation()

    def each_fold(self) -> tuple[Self, ...]:
        """Return this source once for each fold."""
        return tuple(evolve(self, fold=fold) for fold in range(self.folds or 0))  # type: ignore[misc]

    @property
    def always_kept(self) -> tuple[str, ...]:
        """The paths are kept with the predictions."""
        return ("path",)

    def check(self, loss: Objective | None) -> Iterator[OptionError | MismatchError]:
        """Report missing and empty folders, and classes that only another split has."""
        from hookline_data.images.class_folders import checked_classes

        yield from checks.targets_of_loss(loss, ("target",))
        yield from self.check_images()
        classes: list[str] | None = None
        for name in ("path", "validation", "test"):
            folder = getattr(self, name)
            if not isinstance(folder, Path):
                continue
            try:
                found = checked_classes(folder, name)
            except OptionError as error:
                yield error
                continue
            if name == "path":
                classes = found
            elif classes is not None and (others := [one for one in found if one not in classes]):
                which = "the class" if len(others) == 1 else "the classes"
                message = (
                    f"There {'is' if len(others) == 1 else 'are'} {which} {enumerate_names(others)}, but not in `path`."
                )
                yield OptionError(name, message, against=[("path",)])

    def prepare(self, run: Run, loss: Objective) -> Data:
        """List, decode, split and encode."""
        from hookline_data.images.folder import PATH

        return self.prepare_images(run, loss, self._table(), PATH, None, is_folder=True)

    def eject(self, script: "Script", run: Run, data: Data, objective: Objective) -> "BatchNames":
        """Add the lines that read the images with Pillow, split and transform them."""
        from hookline_data.ejecting.images import eject_folder

        return eject_folder(self, script, data, objective)

    def raw_inputs(self, description: "DataDescription", objective: Objective) -> RawInputs:
        """Return the pixels of images."""
        from hookline_data.images.folder import PATH

        return self.image_inputs(self._table(), PATH, description, objective)

    def open_rows(
        self,
        source: Any,
        description: "DataDescription",
        objective: Objective,
        *,
        rows_per_block: int = 4096,
        with_targets: bool = False,
        keep: Sequence[str] = (),
    ) -> "Iterator[RowBlock]":
        """Yield new images, prepared as the training images were.

        `source` is one of

        - the path of a folder: all images in it and below. The class of an image is the folder that it lies in, as in
          training;
        - the path of an image;
        - a list of paths;
        - a table with the columns "path" and, with `with_targets`, "class": the path of a CSV, Parquet or JSON Lines
          file, "-" for CSV on standard input, a DataFrame or a mapping. Paths are relative to the file.

        Predictions have the column "path"; "class" can be kept, too.
        """
        from hookline_data.images.folder import PATH
        from hookline_data.images.new_images import as_table

        table, folder = as_table(source)
        return self.open_images(
            self._table(),
            PATH,
            table,
            description,
            objective,
            folders=[folder],
            rows_per_block=rows_per_block,
            with_targets=with_targets,
            keep=keep,
        )

    def row_fields(self, description: "DataDescription", objective: Objective) -> "Sequence[RowField]":
        """Return an image."""
        from hookline_data.images.folder import PATH

        [field] = (one for one in self.image_fields(self._table(), PATH, description) if one.is_needed)
        return [evolve(field, name=IMAGE)]

    def rows_of_json(
        self, rows: Sequence[Mapping[str, Any]], description: "DataDescription", objective: Objective
    ) -> Any:
        """Return rows with images in base64."""
        from hookline_data.images.encoded import EncodedRows
        from hookline_data.images.folder import PATH

        return EncodedRows.of(rows, PATH, IMAGE)

    def _table(self) -> "FolderTable":
        """Return the folder as a table."""
        from hookline_data.images.folder import CLASS, PATH, FolderTable

        return FolderTable(
            path=self.path,
            inputs=PATH,
            targets=CLASS,
            validation=self.validation,
            test=self.test,
            stratify=self.stratify,
            folds=self.folds,
            fold=self.fold,
            train_on_validation=self.train_on_validation,
            split_seed=self.split_seed,
            missing_marks=(),
        )

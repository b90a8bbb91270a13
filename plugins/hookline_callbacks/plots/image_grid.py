"""Images of a batch in a grid, each with a caption."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.data import Batch
from hookline.plots import new_figure, picture_text, write_picture

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

RIGHT, WRONG, NEITHER = "#2e7d43", "#c62828", "#222222"
LINE, LETTER = 0.14, 0.075
"""The height of a line of text, and the width of a character, in inches."""
SIDE, GAP, TITLE = 1.1, 0.1, 0.36
"""The width of an image, the gap between images, and the height of the title, in inches."""


@frozen
class Caption:
    """The caption of an image."""

    predicted: Sequence[str]
    """The prediction for each target."""
    true: Sequence[str]
    """The true value of each target."""
    is_right: bool | None
    """Whether they are equal; `None` if equality is not meaningful."""

    def lines(self, most: int) -> list[str]:
        """Return the text above the image, with true values in parentheses, on separate lines if they are long."""
        lines = []
        for predicted, true in zip(self.predicted, self.true, strict=True):
            whole = f"{predicted} ({true})"
            if len(whole) <= most:
                lines.append(picture_text(whole, most))
            else:
                lines += [picture_text(predicted, most), f"({picture_text(true, most - 2)})"]
        return lines


def image_groups(batch: Batch) -> list[str]:
    """Return the groups of inputs whose rows have the shape of an image, the same for all groups."""
    shapes = {
        name: tuple(rows.shape[1:])
        for name, rows in batch.inputs.items()
        if name not in batch.lengths and (rows.dim() == 3 or (rows.dim() == 4 and rows.shape[1] in (1, 3)))
    }
    return [name for name, shape in shapes.items() if shape == next(iter(shapes.values()))]


def images(batches: Iterable[Batch], count: int, preparation: Mapping[str, Any]) -> "list[NDArray[Any]]":
    """Return the first images of the batches with values from 0 to 1, and those of several groups side by side.

    Standardization is reversed. The darkest pixel of all is black, and the brightest is white.
    """
    import numpy
    import torch

    parts: dict[str, list[Tensor]] = {}
    left = count
    for batch in batches:
        for name in image_groups(batch):
            parts.setdefault(name, []).append(batch.inputs[name][:left].cpu().double())
        left -= min(left, batch.rows)
        if not left:
            break
    groups = [_as_it_was(torch.cat(rows), preparation.get(name, {})) for name, rows in parts.items()]
    finite = torch.cat([group[group.isfinite()] for group in groups])
    least, greatest = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    shown = []
    for group in groups:
        scaled = ((group - least) / ((greatest - least) or 1.0)).nan_to_num(0.0).clamp(0, 1)
        # Matplotlib expects the channels last.
        shown.append((scaled.movedim(1, -1) if scaled.dim() == 4 else scaled.unsqueeze(-1)).numpy())
    gap = numpy.ones_like(shown[0][:, :, : max(1, shown[0].shape[2] // 8)])
    beside = [part for group in shown for part in (gap, group)][1:]
    return list(numpy.concatenate(beside, axis=2))


def _as_it_was(rows: "Tensor", prepared: Mapping[str, Any]) -> "Tensor":
    """Return the images before standardization, if its statistics are known."""
    mean, std = (rows.new_tensor(prepared.get(name) or ()) for name in ("mean", "std"))
    if len(mean) == rows[0].numel():
        return rows * std.reshape(rows.shape[1:]) + mean.reshape(rows.shape[1:])
    if len(mean) and len(mean) == rows.shape[-1]:
        return rows * std + mean
    return rows


def draw_images(path: Path, shown: "Sequence[NDArray[Any]]", captions: Sequence[Caption], title: str) -> None:
    """Draw images in a grid, each below its caption, which is green for correct predictions and red for errors."""
    height, width = shown[0].shape[:2]
    aspect = min(max(width / height, 0.2), 8.0)
    wide = SIDE * max(1.0, aspect**0.7)
    lines = [caption.lines(int(wide / LETTER)) for caption in captions]
    above = LINE * max(map(len, lines)) + GAP
    columns = max(1, min(len(shown), int(9 / wide), round(math.sqrt(len(shown) * 1.3 / aspect))))
    rows = -(-len(shown) // columns)
    whole = (
        max((wide + GAP) * columns + GAP, min(len(title), 80) * 0.085 + 0.2),
        (wide / aspect + above + GAP) * rows + TITLE,
    )
    figure = new_figure(*whole)
    # A single pair of axes, in inches from the upper left: separate axes per image would take a second.
    figure.set_layout_engine("none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, whole[0]), ylim=(whole[1], 0), frame_on=False, xticks=[], yticks=[])
    axes.text(GAP, TITLE / 2, picture_text(title, int(whole[0] / 0.085)), va="center", fontsize=10)
    for index, (image, caption, text) in enumerate(zip(shown, captions, lines, strict=True)):
        row, column = divmod(index, columns)
        left, top = GAP + column * (wide + GAP), TITLE + row * (wide / aspect + above + GAP) + above
        pixels = image.squeeze(-1) if image.shape[-1] == 1 else image
        place = (left, left + wide, top + wide / aspect, top)
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, extent=place, aspect="auto", interpolation="nearest")
        color = NEITHER if caption.is_right is None else RIGHT if caption.is_right else WRONG
        below: dict[str, Any] = {"ha": "center", "va": "bottom", "fontsize": 8, "linespacing": 1.1, "color": color}
        below["fontweight"] = "bold" if caption.is_right is False else "normal"
        axes.text(left + wide / 2, top - 0.03, "\n".join(text), **below)
    axes.set(xlim=(0, whole[0]), ylim=(whole[1], 0))
    write_picture(figure, path)

"""Crops as functions of torch."""

from typing import TYPE_CHECKING

from hookline.script import Script, literal
from hookline_transforms.base import pair

if TYPE_CHECKING:
    from hookline_transforms.crop import RandomCrop
    from hookline_transforms.resized_crop import RandomResizedCrop

CENTER = '''
def center(images, height, width):
    """Return the center of images."""
    top, left = round((images.shape[2] - height) / 2), round((images.shape[3] - width) / 2)
    return images[:, :, top : top + height, left : left + width]
'''

RANDOM = '''
def random_crop(images, numbers):
    """Crop images, each at its own place, which follows from two random numbers."""
    images = PADDED
    most = np.array([images.shape[2] - HEIGHT, images.shape[3] - WIDTH])
    places = np.minimum((numbers * (most + 1)).astype(int), most).tolist()
    return torch.stack(
        [image[:, top : top + HEIGHT, left : left + WIDTH] for image, (top, left) in zip(images, places, strict=True)]
    )
'''

LARGEST = '''
def largest(height, width, least, greatest):
    """Return height and width of the largest part of an image whose ratio of width to height is in this range."""
    if width / height < least:
        return max(1, min(height, round(width / least))), width
    if width / height > greatest:
        return height, max(1, min(width, round(height * greatest)))
    return height, width
'''

RESIZED = '''
def resized(images):
    """Return images of HEIGHT × WIDTH pixels."""
    if images.shape[2:] == (HEIGHT, WIDTH):
        return images
    return nn.functional.interpolate(images, (HEIGHT, WIDTH), OPTIONS)
'''

RANDOM_RESIZED = '''
def random_resized_crop(images, numbers):
    """Crop a random part of each image, and resize it. The first of ten attempts that fits counts."""
    height, width = images.shape[2:]
    areas = height * width * (SMALLEST + (GREATEST - SMALLEST) * numbers[:, 2:12])
    ratios = np.exp(np.log(NARROWEST) + (np.log(WIDEST) - np.log(NARROWEST)) * numbers[:, 12:])
    heights, widths = np.round(np.sqrt(areas / ratios)).astype(int), np.round(np.sqrt(areas * ratios)).astype(int)
    fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
    crops = []
    for index, image in enumerate(images):
        if fits[index].any():
            attempt = fits[index].argmax()
            tall, wide = heights[index, attempt], widths[index, attempt]
            top = min(int(numbers[index, 0] * (height - tall + 1)), height - tall)
            left = min(int(numbers[index, 1] * (width - wide + 1)), width - wide)
        else:
            tall, wide = largest(height, width, NARROWEST, WIDEST)
            top, left = (height - tall) // 2, (width - wide) // 2
        crops.append(resized(image[None, :, top : top + tall, left : left + wide]))
    return torch.cat(crops)
'''

CENTER_RESIZED = '''
def center_resized(images):
    """Resize the largest part in the center of images with the right proportions."""
    return resized(center(images, *largest(*images.shape[2:], RATIO, RATIO)))
'''


def eject_center(script: Script, images: str, size: int | tuple[int, ...]) -> str:
    """Return a call of a function that crops the center."""
    height, width = pair(size)
    return f"{script.define(CENTER)}({images}, {height}, {width})"


def eject_random_crop(kind: "RandomCrop", script: Script, images: str, numbers: str) -> str:
    """Return a call of a function that crops images."""
    from hookline_transforms.crop import MODES

    height, width = pair(kind.size)
    script.use("from torch import nn")
    left, above, right, below = kind.sides
    source = RANDOM.replace("HEIGHT", str(height)).replace("WIDTH", str(width))
    sides, fill = (left, right, above, below), kind.fill
    padded = f"nn.functional.pad(images, {sides}, value={fill})"
    if kind.padding_mode != "constant":
        padded = f"nn.functional.pad(images, {sides}, {literal(MODES[kind.padding_mode])})"
    elif isinstance(fill, tuple):
        source = source.replace(
            "    images = PADDED\n",
            f"    fill = torch.tensor({list(fill)}).reshape(1, -1, 1, 1)\n    images = PADDED\n",
        )
        padded = f"nn.functional.pad(images - fill, {sides}) + fill"
    if not any(kind.sides):
        source = RANDOM.replace("HEIGHT", str(height)).replace("WIDTH", str(width))
        source = source.replace("    images = PADDED\n", "")
    return f"{script.define(source.replace('PADDED', padded))}({images}, {numbers})"


def eject_resized_crop(kind: "RandomResizedCrop", script: Script, images: str, numbers: str | None) -> str:
    """Return a call of a function that crops and resizes images, or their center."""
    height, width = pair(kind.size)
    script.use("from torch import nn", "import numpy as np")
    options = f'mode="{kind.interpolation}"'
    if kind.interpolation != "nearest":
        options += f", align_corners=False, antialias={kind.antialias}"
    script.define(LARGEST)
    resized = RESIZED.replace("OPTIONS", options).replace("HEIGHT", str(height)).replace("WIDTH", str(width))
    resized = script.define(resized)
    if numbers is None:
        script.define(CENTER)
        source = CENTER_RESIZED.replace("RATIO", f"{width} / {height}").replace("resized(center", f"{resized}(center")
        return f"{script.define(source)}({images})"
    values = {"SMALLEST": kind.scale[0], "GREATEST": kind.scale[1], "NARROWEST": kind.ratio[0], "WIDEST": kind.ratio[1]}
    source = RANDOM_RESIZED.replace("(resized(", f"({resized}(")
    for name, value in values.items():
        source = source.replace(name, literal(value))
    return f"{script.define(source)}({images}, {numbers})"

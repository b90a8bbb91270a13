"""Random erasing and rotation as functions of torch."""

from typing import TYPE_CHECKING

from hookline.script import Script, literal

if TYPE_CHECKING:
    from hookline_transforms.erasing import RandomErasing
    from hookline_transforms.rotation import RandomRotation

ERASED = '''
def random_erasing(images, numbers):
    """Overwrite a rectangle of some images. The first of ten attempts that fits counts."""
    height, width = images.shape[2:]
    areas = height * width * (SMALLEST + (GREATEST - SMALLEST) * numbers[:, 4:14])
    ratios = np.exp(np.log(WIDEST) + (np.log(HIGHEST) - np.log(WIDEST)) * numbers[:, 14:])
    heights, widths = np.round(np.sqrt(areas * ratios)).astype(int), np.round(np.sqrt(areas / ratios)).astype(int)
    fits = (heights < height) & (widths < width)
    for index, image in enumerate(images):
        if numbers[index, 0] >= CHANCE or not fits[index].any():
            continue
        attempt = fits[index].argmax()
        tall, wide = heights[index, attempt], widths[index, attempt]
        top = min(int(numbers[index, 1] * (height - tall + 1)), height - tall)
        left = min(int(numbers[index, 2] * (width - wide + 1)), width - wide)
        image[:, top : top + tall, left : left + wide] = VALUES
    return images
'''

RANDOM_VALUES = """
        values = np.random.default_rng(int(numbers[index, 3] * 2**53)).standard_normal(tuple(image.shape))
        values = torch.from_numpy(values[:, top : top + tall, left : left + wide])
        image[:, top : top + tall, left : left + wide] = values
"""

ROTATED = '''
def random_rotation(images, numbers):
    """Rotate each image around its center by its own angle."""
    angles = (LEAST + (GREATEST - LEAST) * numbers[:, 0]) * (np.pi / 180)
    cos, sin = (torch.from_numpy(one).to(images).reshape(-1, 1, 1) for one in (np.cos(angles), np.sin(angles)))
    height, width = images.shape[2:]
    y = torch.arange(height).to(images).sub((height - 1) / 2).reshape(1, -1, 1)
    x = torch.arange(width).to(images).sub((width - 1) / 2).reshape(1, 1, -1)
    # The place in the image of each pixel of the result, rotated back; -1 and 1 are the borders of the image.
    grid = torch.stack([(cos * x - sin * y) * (2 / width), (sin * x + cos * y) * (2 / height)], dim=-1)
    return nn.functional.grid_sample(images, grid, "MODE", "zeros", align_corners=False)
'''

FILLED = """
    rotated = nn.functional.grid_sample(images, grid, "MODE", "zeros", align_corners=False)
    inside = nn.functional.grid_sample(torch.ones_like(images[:, :1]), grid, "MODE", "zeros", align_corners=False)
    fill = torch.tensor(FILL).reshape(1, -1, 1, 1)
    return RESULT
"""


def eject_erasing(kind: "RandomErasing", script: Script, images: str, numbers: str) -> str:
    """Return a call of a function that overwrites rectangles."""
    script.use("import numpy as np")
    source = ERASED
    if kind.value == "random":
        line = "        image[:, top : top + tall, left : left + wide] = VALUES\n"
        source = source.replace(line, RANDOM_VALUES.lstrip("\n"))
    elif isinstance(kind.value, tuple):
        source = source.replace("VALUES", f"torch.tensor({list(kind.value)}).reshape(-1, 1, 1)")
    else:
        source = source.replace("VALUES", literal(kind.value))
    values = {"SMALLEST": kind.scale[0], "GREATEST": kind.scale[1], "WIDEST": kind.ratio[0], "HIGHEST": kind.ratio[1]}
    for name, value in {**values, "CHANCE": kind.p}.items():
        source = source.replace(name, literal(value))
    return f"{script.define(source)}({images}, {numbers})"


def eject_rotation(kind: "RandomRotation", script: Script, images: str, numbers: str) -> str:
    """Return a call of a function that rotates images."""
    script.use("import numpy as np", "from torch import nn")
    least, greatest = kind.degrees if isinstance(kind.degrees, tuple) else (-kind.degrees, kind.degrees)
    source = ROTATED
    if kind.fill != 0:
        start = source.index("    return nn.functional")
        fill = list(kind.fill) if isinstance(kind.fill, tuple) else [kind.fill]
        filled = FILLED.lstrip("\n").replace("FILL", literal(fill))
        is_nearest = kind.interpolation == "nearest"
        made = "torch.where(inside < 0.5, fill, rotated)" if is_nearest else "rotated + (1 - inside) * fill"
        source = source[:start] + filled.replace("RESULT", made)
    values = {"LEAST": literal(least), "GREATEST": literal(greatest), "MODE": kind.interpolation}
    for name, value in values.items():
        source = source.replace(name, value)
    return f"{script.define(source)}({images}, {numbers})"

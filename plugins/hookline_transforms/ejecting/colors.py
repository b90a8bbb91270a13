"""Changes of colors as functions of torch."""

from typing import TYPE_CHECKING

from hookline.script import Script

if TYPE_CHECKING:
    from hookline_transforms.color import ColorJitter

GRAY = '''
def gray(images):
    """Return gray images."""
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(dim=1)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).unsqueeze(1)
'''

BRIGHTER = '''
def brighter(images, factors):
    """Change the brightness."""
    return (factors * images).clamp(0, 1)
'''

CONTRASTED = '''
def contrasted(images, factors):
    """Change the differences to the mean gray of an image."""
    mean = gray(images).mean(dim=(1, 2, 3), keepdim=True)
    return (factors * images + (1 - factors) * mean).clamp(0, 1)
'''

SATURATED = '''
def saturated(images, factors):
    """Change the differences to the gray of a pixel."""
    if images.shape[1] == 1:
        return images
    return (factors * images + (1 - factors) * gray(images)).clamp(0, 1)
'''

TURNED = '''
def turned(images, turns):
    """Turn the hue by a share of the circle (https://en.wikipedia.org/wiki/HSL_and_HSV)."""
    if images.shape[1] == 1:
        return images
    value = images.amax(dim=1, keepdim=True)
    chroma = value - images.amin(dim=1, keepdim=True)
    red, green, blue = ((value - images) / torch.where(chroma == 0, 1, chroma)).unbind(dim=1)
    is_red, is_green = images[:, 0] == value[:, 0], images[:, 1] == value[:, 0]
    sixths = torch.where(is_red, blue - green, torch.where(is_green, 2 + red - blue, 4 + green - red)).unsqueeze(1)
    place = (torch.tensor([5.0, 3.0, 1.0]).view(1, 3, 1, 1) + sixths + 6 * turns) % 6
    return value - chroma * torch.minimum(place, 4 - place).clamp(0, 1)
'''

JITTER = '''
def color_jitter(images, numbers):
    """Change each image by its own factors, in its own order."""
    changes = {CHANGES}
    orders = list(itertools.permutations(range(COUNT)))  # All orders are equally likely.
    orders = torch.tensor(orders)[(numbers[:, 0] * len(orders)).astype(int)]
    for place in range(COUNT):
        before = images
        for index, (change, least, greatest) in changes.items():
            factors = torch.from_numpy(least + (greatest - least) * numbers[:, index + 1])
            is_next = (orders[:, place] == index)[:, None, None, None]
            images = torch.where(is_next, change(before, factors.to(images).reshape(-1, 1, 1, 1)), images)
    return images
'''


def eject_jitter(kind: "ColorJitter", script: Script, images: str, numbers: str) -> str:
    """Return a call of a function that changes colors."""
    given = (
        (BRIGHTER, kind.brightness, 1.0),
        (CONTRASTED, kind.contrast, 1.0),
        (SATURATED, kind.saturation, 1.0),
        *([(TURNED, kind.hue, 0.0)] if kind.hue else []),
    )
    changes = []
    for index, (source, option, neutral) in enumerate(given):
        if option == 0:
            continue
        if source in (CONTRASTED, SATURATED):
            script.define(GRAY)
        lowest = 0.0 if neutral else -0.5
        least, greatest = option if isinstance(option, tuple) else (max(lowest, neutral - option), neutral + option)
        changes.append(f"{index}: ({script.define(source)}, {least}, {greatest})")
    if not changes:
        return images
    script.use("import itertools")
    source = JITTER.replace("CHANGES", ", ".join(changes)).replace("COUNT", str(len(given)))
    return f"{script.define(source)}({images}, {numbers})"

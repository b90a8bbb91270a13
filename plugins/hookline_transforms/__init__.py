"""Transforms of images, with the names and options of torchvision's `transforms.v2`."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the transforms of this plugin, by module."""
    return Components(
        __name__,
        {
            "color": ("ColorJitter", "Normalize"),
            "crop": ("CenterCrop", "RandomCrop"),
            "erasing": ("RandomErasing",),
            "flip": ("RandomHorizontalFlip", "RandomVerticalFlip"),
            "resized_crop": ("RandomResizedCrop",),
            "rotation": ("RandomRotation",),
        },
    )

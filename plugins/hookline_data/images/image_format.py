"""Convert an image file to an array: decoding, orientation, channels and size. Pillow does all of it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from hookline_data.images.encoded import EncodedImage

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""The suffixes of image files, as in torchvision."""
FORMATS = ("JPEG", "PNG", "PPM", "BMP", "TIFF", "WEBP")
"""The formats of these files in Pillow. Others are refused: some are decoded by other programs."""

Mode = Literal["RGB", "L", "RGBA"]
Resize = Literal["crop", "pad", "stretch"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]


ImageFile = Path | EncodedImage
"""The file of an image, on disk or in memory."""


class UnreadableImageError(Exception):
    """An image cannot be read; the message is a sentence."""


@frozen(kw_only=True)
class ImageFormat:
    """What every image is converted to."""

    mode: Mode
    """The channels."""
    size: tuple[int, int] | None
    """Height and width; `None` to keep those of the file."""
    resize: Resize
    """How an image with other proportions gets this size."""
    interpolation: Interpolation
    """How pixels are computed."""
    upright: bool
    """Whether to turn images as their EXIF orientation says."""

    @property
    def channels(self) -> int:
        """The number of channels."""
        return {"L": 1, "RGB": 3, "RGBA": 4}[self.mode]

    def read(self, file: ImageFile) -> "NDArray[Any]":
        """Return the image in a file, uint8 `(C, H, W)`. Call it inside of `pillow_warnings`.

        Raises:
            UnreadableImageError: If the file is not an image, or truncated, too large, or of another kind.

        """
        import numpy
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            opened = file if isinstance(file, Path) else file.opened()
        except ValueError as error:
            raise UnreadableImageError(str(error)) from None
        try:
            with Image.open(opened, formats=FORMATS) as image:
                if self.upright:
                    ImageOps.exif_transpose(image, in_place=True)
                converted = self._resized(self._converted(image))
        except UnreadableImageError:
            raise
        except FileNotFoundError:
            raise UnreadableImageError("There is no such file.") from None
        except UnidentifiedImageError:
            is_empty = not (file.stat().st_size if isinstance(file, Path) else file.text)
            what = "is empty" if is_empty else "is not an image, or has a format other than "
            names = "" if is_empty else "JPEG, PNG, PPM, BMP, TIFF and WebP"
            raise UnreadableImageError(f"It {what}{names}.") from None
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            size = str(error).partition("(")[2].partition(" pixels)")[0]
            message = f"It has {size} pixels, which Pillow refuses to protect your memory (at most {pixel_limit():,})."
            raise UnreadableImageError(message) from None
        except Exception as error:  # noqa: BLE001 - The decoders of Pillow raise errors of many types.
            what = f"{error}".strip().rstrip(".") or type(error).__name__
            raise UnreadableImageError(f"It cannot be decoded: {what}.") from None
        array = numpy.array(converted)  # A copy: torch does not take memory that it must not write to.
        return array[None] if array.ndim == 2 else numpy.ascontiguousarray(array.transpose(2, 0, 1))

    def _converted(self, image: "Image") -> "Image":
        """Return the image with the wanted channels and 8 bits per channel."""
        import numpy
        from PIL import Image

        if image.mode.startswith("I;16"):  # Pillow would cut all values off at 255.
            image = Image.fromarray((numpy.asarray(image) >> 8).astype(numpy.uint8))
        elif image.mode in ("I", "F"):
            raise UnreadableImageError("Its pixels have 32 bits: convert it to 8 or 16 bits per channel.")
        return image if image.mode == self.mode else image.convert(self.mode)

    def _resized(self, image: "Image") -> "Image":
        from PIL import Image, ImageOps

        if self.size is None or image.size == self.size[::-1]:
            return image.copy()  # Decodes it before the file is closed.
        method = Image.Resampling[self.interpolation.upper()]
        size = self.size[::-1]
        if self.resize == "crop":
            return ImageOps.fit(image, size, method=method)
        return ImageOps.pad(image, size, method=method) if self.resize == "pad" else image.resize(size, method)


def pixel_limit() -> int:
    """Return the largest number of pixels of an image that Pillow decodes without a warning."""
    from PIL import Image

    return int(Image.MAX_IMAGE_PIXELS or 0)


@contextmanager
def pillow_warnings() -> Iterator[None]:
    """Turn the warning about too many pixels into an error, and ignore the others of Pillow, in all threads.

    Python's filters belong to the process, so they are set once around the threads that read images.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="PIL")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield

"""Each transform against a loop over images, written with NumPy or torch from the definition in torchvision."""

import colorsys
import math
from itertools import permutations

import numpy
import pytest
import torch
from scipy import ndimage
from torch.nn.functional import interpolate

from hookline.errors import OptionError
from hookline_transforms.color import ColorJitter, Normalize
from hookline_transforms.crop import CenterCrop, RandomCrop
from hookline_transforms.erasing import RandomErasing
from hookline_transforms.flip import RandomHorizontalFlip, RandomVerticalFlip
from hookline_transforms.resized_crop import RandomResizedCrop
from hookline_transforms.rotation import RandomRotation

N, C, H, W = 24, 3, 9, 12
RANDOM = numpy.random.default_rng(5)
IMAGES = torch.from_numpy(RANDOM.random((N, C, H, W))).float()
ALL = (
    RandomHorizontalFlip(),
    RandomVerticalFlip(p=0.3),
    RandomCrop(size=(7, 8), padding=2),
    RandomResizedCrop(size=6),
    RandomRotation(degrees=40.0, interpolation="bilinear", fill=0.25),
    RandomErasing(value="random"),
    ColorJitter(brightness=0.5, contrast=0.5, saturation=0.5, hue=0.2),
    Normalize(mean=(0.5, 0.25, 0.125), std=(0.5, 2.0, 0.75)),
    CenterCrop(size=(5, 7)),
)


def drawn(transform, rows=N):
    return numpy.random.default_rng(8).random((rows, transform.numbers((C, H, W))))


@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
def test_an_image_does_not_depend_on_its_batch(transform):
    numbers = drawn(transform)
    together = transform.transform(IMAGES.clone(), numbers)
    assert tuple(together.shape) == (N, *transform.shape_after((C, H, W)))
    for size in (1, 5):
        parts = [
            transform.transform(IMAGES[first : first + size].clone(), numbers[first : first + size])
            for first in range(0, N, size)
        ]
        assert torch.equal(together, torch.cat(parts))
    assert transform.transform_evaluated(IMAGES.clone()).shape == together.shape


@pytest.mark.parametrize("transform", ALL, ids=lambda transform: type(transform).__name__)
def test_float64_images_stay_float64(transform):
    assert transform.transform(IMAGES.double(), drawn(transform)).dtype == torch.float64


@pytest.mark.parametrize(
    ("transform", "flipped"),
    [(RandomHorizontalFlip(p=0.4), numpy.fliplr), (RandomVerticalFlip(p=0.4), numpy.flipud)],
)
def test_flips_turn_images_whose_number_is_below_p(transform, flipped):
    numbers = drawn(transform)
    expected = [
        numpy.stack([flipped(channel) for channel in image]) if number < 0.4 else image
        for image, number in zip(IMAGES.numpy(), numbers[:, 0], strict=True)
    ]
    assert transform.transform(IMAGES, numbers).tolist() == numpy.stack(expected).tolist()
    assert 0 < (numbers < 0.4).sum() < N
    assert transform.transform_evaluated(IMAGES) is IMAGES


@pytest.mark.parametrize(
    ("options", "mode", "sides"),
    [
        ({"padding": 2}, {"mode": "constant"}, ((2, 2), (2, 2))),
        ({"padding": (1, 3), "fill": 0.5}, {"mode": "constant", "constant_values": 0.5}, ((3, 3), (1, 1))),
        ({"padding": (1, 2, 3, 4), "padding_mode": "edge"}, {"mode": "edge"}, ((2, 4), (1, 3))),
        ({"padding": 3, "padding_mode": "reflect"}, {"mode": "reflect"}, ((3, 3), (3, 3))),
        ({}, {"mode": "constant"}, ((0, 0), (0, 0))),
    ],
)
def test_random_crop_pads_and_cuts(options, mode, sides):
    transform = RandomCrop(size=(6, 7), **options)
    numbers = drawn(transform)
    padded = numpy.pad(IMAGES.numpy(), ((0, 0), (0, 0), *sides), **mode)
    heights, widths = padded.shape[2] - 6 + 1, padded.shape[3] - 7 + 1
    expected = []
    for image, (first, second) in zip(padded, numbers, strict=True):
        top, left = math.floor(first * heights), math.floor(second * widths)
        expected.append(image[:, top : top + 6, left : left + 7])
    assert transform.transform(IMAGES, numbers).tolist() == numpy.stack(expected).tolist()
    assert transform.transform_evaluated(IMAGES).tolist() == IMAGES[:, :, 2:8, 2:9].tolist()


def test_random_crop_fills_each_channel_with_its_value():
    transform = RandomCrop(size=(H, W), padding=4, fill=(0.25, 0.5, 1.0))
    corner = transform.transform(torch.zeros(1, C, H, W), numpy.zeros((1, 2)))[0, :, 0, 0]
    assert corner.tolist() == [0.25, 0.5, 1.0]


def test_random_resized_crop_is_a_resized_part_of_the_allowed_size():
    transform = RandomResizedCrop(size=(4, 5), scale=(0.2, 0.6), ratio=(0.5, 2.0))
    numbers = drawn(transform, 500)
    rectangles = transform.rectangles(numbers, 90, 120)
    top, left, height, width = rectangles.T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + height <= 90).all()
    assert (left + width <= 120).all()
    area = height * width / (90 * 120)
    assert area.min() > 0.19
    assert area.max() < 0.61
    assert 0.3 < area.mean() < 0.45
    assert (abs(numpy.log(width / height)) < math.log(2.1)).all()
    rectangles = transform.rectangles(drawn(transform), H, W)
    expected = [
        interpolate(
            image[None, :, top : top + height, left : left + width],
            (4, 5),
            mode="bilinear",
            align_corners=False,
            antialias=True,
        )
        for image, (top, left, height, width) in zip(IMAGES, rectangles.tolist(), strict=True)
    ]
    assert torch.equal(transform.transform(IMAGES, drawn(transform)), torch.cat(expected))


def test_random_resized_crop_falls_back_to_the_center():
    transform = RandomResizedCrop(size=2, scale=(1.0, 1.0), ratio=(3.0, 3.0))
    assert transform.rectangles(drawn(transform, 1), 30, 30).tolist() == [[10, 0, 10, 30]]
    assert transform.transform_evaluated(IMAGES).shape == (N, C, 2, 2)


@pytest.mark.parametrize("degrees", [90.0, -90.0, 180.0, 0.0])
def test_a_rotation_by_quarter_turns_moves_pixels_exactly(degrees):
    images = IMAGES[:, :, :, :H]
    transform = RandomRotation(degrees=(degrees, degrees))
    expected = torch.rot90(images, round(degrees / 90), (2, 3))
    assert torch.equal(transform.transform(images, drawn(transform)), expected)


def test_a_rotation_interpolates_as_scipy_does():
    transform = RandomRotation(degrees=(-60.0, 60.0), interpolation="bilinear")
    numbers = drawn(transform)
    rotated = transform.transform(IMAGES.double(), numbers).numpy()
    for image, made, number in zip(IMAGES.double().numpy(), rotated, numbers[:, 0], strict=True):
        angle = -60 + 120 * number
        for channel, ours in zip(image, made, strict=True):
            theirs = ndimage.rotate(channel, angle, reshape=False, order=1, mode="grid-constant", cval=0.0)
            assert numpy.abs(ours - theirs).max() < 1e-12


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_a_rotation_fills_what_lies_outside(interpolation):
    transform = RandomRotation(degrees=(45.0, 45.0), interpolation=interpolation, fill=(1.0, 2.0, 3.0))
    rotated = transform.transform(torch.zeros(1, C, 20, 20), numpy.zeros((1, 1)))
    assert rotated[0, :, 0, 0].tolist() == [1.0, 2.0, 3.0]
    assert rotated[0, :, 10, 10].tolist() == [0.0, 0.0, 0.0]


def test_erasing_overwrites_a_rectangle_of_the_allowed_size():
    transform = RandomErasing(p=0.6, scale=(0.1, 0.3), ratio=(0.5, 2.0), value=(2.0, 3.0, 4.0))
    images = torch.zeros(400, C, 30, 40)
    numbers = drawn(transform, 400)
    erased = transform.transform(images, numbers).numpy()
    is_erased = erased[:, 0] == 2.0
    assert ((erased[:, 1] == 3.0) == is_erased).all()
    assert (is_erased.any(axis=(1, 2)) == (numbers[:, 0] < 0.6)).all()
    for mask in is_erased[numbers[:, 0] < 0.6]:
        height, width = mask.any(axis=1).sum(), mask.any(axis=0).sum()
        assert mask.sum() == height * width
        assert 0.09 < height * width / 1200 < 0.31
        assert 0.45 < height / width < 2.2
    assert images.sum() == 0


def test_erasing_with_random_values_draws_new_ones_for_each_image():
    transform = RandomErasing(p=1.0, scale=(0.3, 0.3), value="random")
    erased = transform.transform(torch.full((40, 1, 30, 30), 9.0), drawn(transform, 40))
    values = erased[erased != 9.0]
    assert abs(values.mean()) < 0.05
    assert abs(values.std() - 1) < 0.05
    assert len(values.unique()) == len(values)


def test_color_jitter_changes_images_in_their_own_order():
    transform = ColorJitter(brightness=0.5, contrast=(0.2, 0.9), saturation=0.8)
    numbers = drawn(transform)
    luma = numpy.array([0.2989, 0.587, 0.114])[:, None, None]
    expected = []
    for image, own in zip(IMAGES.double().numpy(), numbers, strict=True):
        brightness, contrast, saturation = 0.5 + own[1], 0.2 + 0.7 * own[2], 0.2 + 1.6 * own[3]
        for change in list(permutations(range(3)))[int(own[0] * 6)]:
            gray = (image * luma).sum(axis=0)
            if change == 0:
                image = brightness * image
            elif change == 1:
                image = contrast * image + (1 - contrast) * gray.mean()
            else:
                image = saturation * image + (1 - saturation) * gray
            image = image.clip(0, 1)
        expected.append(image)
    made = transform.transform(IMAGES.double(), numbers)
    assert numpy.abs(made.numpy() - numpy.stack(expected)).max() < 1e-12
    assert torch.equal(ColorJitter().transform(IMAGES, numbers), IMAGES)


@pytest.mark.parametrize(("hue", "least", "greatest"), [(0.3, -0.3, 0.3), ((0.1, 0.4), 0.1, 0.4)])
def test_color_jitter_turns_the_hue_as_colorsys_does(hue, least, greatest):
    transform = ColorJitter(hue=hue)
    images = IMAGES.double().clone()
    images[:, :, 0, 0] = 0.25  # Gray has no hue.
    images[:, 1:, 0, 1] = 0.0
    images[:, :, 1, 1] = 0.0
    numbers = drawn(transform)
    assert numbers.shape[1] == 5
    expected = []
    for image, own in zip(images.numpy(), numbers, strict=True):
        turn = least + (greatest - least) * own[4]
        hsv = [colorsys.rgb_to_hsv(*pixel) for pixel in image.reshape(3, -1).T]
        turned = [colorsys.hsv_to_rgb((h + turn) % 1, s, v) for h, s, v in hsv]
        expected.append(numpy.array(turned).T.reshape(image.shape))
    made = transform.transform(images, numbers)
    assert numpy.abs(made.numpy() - numpy.stack(expected)).max() < 1e-12
    gray = images[:, :1].clone()
    assert torch.equal(transform.transform(gray, numbers), gray)


def test_all_changes_of_color_jitter_happen_in_one_of_24_orders():
    transform = ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4)
    alone = [
        ColorJitter(brightness=(1.3, 1.3)),
        ColorJitter(contrast=(0.7, 0.7)),
        ColorJitter(saturation=(1.2, 1.2)),
        ColorJitter(hue=(0.1, 0.1)),
    ]
    fixed = ColorJitter(brightness=(1.3, 1.3), contrast=(0.7, 0.7), saturation=(1.2, 1.2), hue=(0.1, 0.1))
    numbers = numpy.tile(numpy.linspace(0, 0.999, 24)[:, None], 5)
    made = fixed.transform(IMAGES[:1].double().expand(24, -1, -1, -1), numbers)
    for index, order in enumerate(permutations(range(4))):
        image = IMAGES[:1].double()
        for change in order:
            image = alone[change].transform(image, numpy.zeros((1, 5)))
        assert (made[index] - image[0]).abs().max() < 1e-12
    assert transform.numbers((3, 2, 2)) == 5


def test_normalize_subtracts_and_divides():
    transform = Normalize(mean=(0.5, 0.25, 0.125), std=(0.5, 2.0, 0.75))
    mean, std = torch.tensor([0.5, 0.25, 0.125]), torch.tensor([0.5, 2.0, 0.75])
    expected = (IMAGES - mean[:, None, None]) / std[:, None, None]
    before = IMAGES.clone()
    assert torch.equal(transform.transform(IMAGES, drawn(transform)), expected)
    assert torch.equal(transform.transform_evaluated(IMAGES), expected)
    assert torch.equal(IMAGES, before)


@pytest.mark.parametrize(
    ("transform", "shape", "message"),
    [
        (CenterCrop(size=10), (3, 9, 12), "The crop of 10 × 10 is larger than the images of 9 × 12."),
        (RandomCrop(size=10, padding=4), (3, 9, 12), "The crop of 10 × 10 is larger than the images of 9 × 12."),
        (
            Normalize(mean=(0.0, 1.0), std=(1.0, 1.0)),
            (3, 9, 12),
            "`mean` has 2 values, but the images have 3 channels.",
        ),
        (ColorJitter(), (4, 9, 12), "ColorJitter takes images with 1 or 3 channels, not 4."),
    ],
)
def test_images_that_a_transform_does_not_take(transform, shape, message):
    with pytest.raises(ValueError, match=r"channels|crop") as error:
        transform.shape_after(shape)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [
        (Normalize, {"mean": (0.5,)}, "mean"),
        (Normalize, {"mean": (0.5,), "std": (1.0, 1.0)}, "std"),
        (RandomCrop, {"size": (1, 2, 3)}, "size"),
        (RandomCrop, {"size": 3, "padding": (1, 2, 3)}, "padding"),
        (RandomResizedCrop, {"size": 3, "scale": (0.5, 0.2)}, "scale"),
        (RandomErasing, {"ratio": (1.0,)}, "ratio"),
        (RandomRotation, {"degrees": -3.0}, "degrees"),
        (ColorJitter, {"contrast": (0.5, 0.2)}, "contrast"),
        (ColorJitter, {"hue": (0.1,)}, "hue"),
        (ColorJitter, {"hue": -0.1}, "hue"),
    ],
)
def test_options_that_contradict_themselves(kind, options, name):
    with pytest.raises(OptionError) as error:
        kind(**options)
    assert error.value.path == (name,)

"""`hookline new spec` for folders of images, and for tables with the paths of images."""

import shutil
from pathlib import Path

import numpy
import pytest
from PIL import Image

RANDOM = numpy.random.default_rng(2)


def write(path, size=(8, 8), mode="L"):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    Image.fromarray(RANDOM.integers(0, 255, shape).astype("uint8")).convert(mode).save(path)


def pets(folder="pets", count=12, **options):
    for name in ("cat", "dog"):
        for index in range(count):
            write(f"{folder}/{name}/{index}.png", **options)


def transforms(spec):
    return [type(one).__name__ for one in spec.data.transforms]


def layers(spec):
    return [type(layer).__name__ for layer in spec.model.layers]


def test_small_gray_images_keep_their_size_and_are_not_mirrored(here, drafted):
    pets()
    spec, out = drafted("pets")
    assert out == (
        "Created spec.toml. It predicts the class of an image (2 classes).\nTrain it: hookline train spec.toml\n"
        "Then predict new rows: hookline predict runs/spec/1 pets/cat/0.png\n"
    )
    assert (spec.data.mode, spec.data.size, spec.data.validation, spec.data.stratify) == ("L", None, 0.2, True)
    assert transforms(spec) == ["RandomCrop", "Normalize"]
    assert layers(spec) == [*(["Conv2d", "BatchNorm2d", "ReLU"] * 2), "MaxPool2d", "Flatten", "Linear"]


@pytest.mark.parametrize(
    ("sizes", "size"), [([(40, 30)], None), ([(40, 30), (33, 50)], 32), ([(300, 200)], 128), ([(9, 9), (5, 30)], 8)]
)
def test_images_of_several_sizes_or_large_ones_are_resized(here, drafted, sizes, size):
    for name in ("cat", "dog"):
        for index in range(6):
            write(f"pets/{name}/{index}.png", sizes[index % len(sizes)], "RGB")
    spec, _ = drafted("pets", trains=size != 128)
    assert (spec.data.mode, spec.data.size) == ("RGB", size)
    assert transforms(spec)[0] == ("RandomHorizontalFlip" if size != 8 else "RandomCrop")


def test_folders_of_splits_are_the_splits(here, drafted):
    for split in ("train", "val"):
        pets(f"pets/{split}", 3)
    write("pets/test/1.png")  # Images without classes.
    spec, out = drafted("pets")
    assert (spec.data.path.name, spec.data.validation.name, spec.data.test) == ("train", "val", 0.2)
    assert "  pets/test is not used: its images are in no folders of classes.\n" in out


def test_imbalance_and_unreadable_images_are_told(here, drafted):
    pets()
    for index in range(150):
        write(f"pets/cat/more{index}.png")
    Path("pets/cat/0.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    spec, out = drafted("pets", trains=False)
    assert '  93.1% of the rows have the class "cat", so accuracy says little.\n' in out
    assert "  1 of 174 images cannot be read and will be left out.\n" in out
    assert spec.data.skip_unreadable


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["pets", "--task", "number"], "pets: The names of the folders are classes, and numbers only in a table."),
        (["pets", "--target", "x"], "pets: There is nothing to choose for these files: remove --target."),
        (["few"], 'few: The class "dog" has 2 images: training, validation and test need one each.'),
        (["hollow"], 'hollow: The class has no images: "mouse". Remove or hide such folders.'),
        (["bad"], "bad/cat/0.png: It is not an image that Pillow can read, nor are others."),
        (["later"], 'later: There are images of "test", but no folder "train".'),
    ],
)
def test_what_cannot_be_learned_is_reported(here, new_spec, words, problem):
    pets()
    pets("few")
    for index in range(2, 12):
        Path(f"few/dog/{index}.png").unlink()
    pets("hollow")
    Path("hollow/mouse").mkdir()
    for name in ("cat", "dog"):
        for index in range(3):
            Path(f"bad/{name}").mkdir(parents=True, exist_ok=True)
            Path(f"bad/{name}/{index}.png").write_text("no image")
    pets("later/test")
    code, out, err = new_spec(*words)
    assert (code, out) == (2, "")
    assert err.startswith(problem)


def table(folder, target, path="labels.csv"):
    rows = []
    for index in range(30):
        write(f"{folder}/{index}.png")
        rows.append(f"{index}.png,{target(index)},{index * index}")
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text("\n".join(["file,y,age", *rows, ""]))


def test_images_of_a_table_are_found_beside_it_or_in_a_folder_beside_it(here, drafted):
    table("d", lambda index: "ab"[index % 2], "d/labels.csv")
    table("e/pictures", lambda index: index * 1.5, "e/labels.csv")
    spec, out = drafted("d/labels.csv", "--target", "y")
    assert (type(spec.data).__name__, spec.data.image_column, spec.data.folder) == ("Images", "file", None)
    assert out.splitlines()[:2] == [
        'Created spec.toml. It predicts the class "y" (2 classes) from the images in "file".',
        '  "age" is not an input: "file", the image, is the input; others need a group of inputs of their own',
    ]
    Path("spec.toml").unlink()
    spec, out = drafted("e", "--target", "y", trains=False)
    assert spec.data.folder == here / "e/pictures"
    assert type(spec.loss).__name__ == "HuberLoss"
    assert type(spec.data.source.columns["y"]).__name__ == "StandardScaler"
    assert out.endswith("predict runs/spec/1 e/pictures/0.png\n")


def test_paths_of_images_that_do_not_exist_are_text(here, new_spec):
    table("d", lambda index: "ab"[index % 2])
    shutil.rmtree("d")
    assert '"file" identifies rows: it is not an input' in new_spec("labels.csv", "--target", "y")[1]


def test_images_cannot_be_the_target(here, new_spec):
    table("d", lambda index: "ab"[index % 2], "d/labels.csv")
    message = 'd/labels.csv: "file" cannot be the target: its cells are paths of images.  [invalid-data]\n'
    assert new_spec("d/labels.csv", "--target", "file") == (2, "", message)

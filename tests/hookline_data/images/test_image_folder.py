import io
import os
import shutil

import numpy
import pytest
import torch
from epoch_rows import rows_of
from PIL import Image, ImageOps

import hookline
from hookline.errors import DataError, HooklineWarning, SpecError, UnreadableRowsError
from hookline.runs.fingerprint import of_data
from hookline_data.splitting.folds import fold_of_rows
from hookline_data.splitting.fractions import by_fraction

FILES = [
    "cat/0.png",
    "cat/1.png",
    "cat/2.png",
    "cat/3.png",
    "dog/0.bmp",
    "dog/1.bmp",
    "dog/2.bmp",
    "dog/old/a.png",
    "dog/old/b.PNG",
]
"""The files in the order of torchvision's ImageFolder."""


def expected(folder, names, change=lambda image: image):
    arrays = [numpy.asarray(change(Image.open(folder / name))) for name in names]
    arrays = [array[..., None] if array.ndim == 2 else array for array in arrays]
    return torch.from_numpy(numpy.stack(arrays).transpose(0, 3, 1, 2)).float() / 255


def test_images_are_sorted_as_in_torchvision(folder, prepare_images):
    (folder / ".hidden").mkdir()
    (folder / "cat" / "notes.txt").write_text("no image")
    data = prepare_images(folder, shuffle=False, batch_size=4)
    inputs, targets = rows_of(data.training)
    assert torch.equal(inputs, expected(folder, FILES))
    assert targets.tolist() == [0] * 4 + [1] * 5
    assert data.target.classes == ("cat", "dog")
    assert (data.training.rows, len(data.training)) == (9, 3)
    assert torch.equal(data.example.input, inputs[:2])


def test_the_order_is_that_of_tensors_in_memory_and_epochs_start_anywhere(folder, prepare_images):
    data = prepare_images(folder, batch_size=2, seed=3)
    order = numpy.random.default_rng((3, 5)).permutation(9)
    inputs, _ = rows_of(data.training, 5)
    assert torch.equal(inputs, expected(folder, [FILES[index] for index in order]))
    assert torch.equal(rows_of(data.training, 5, 3)[0], inputs[6:])


@pytest.mark.parametrize("cache", [0.0, 3 * 6 * 8 / 2**30])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_images_that_are_not_in_memory_are_the_same(folder, prepare_images, cache, mode):
    options = {"batch_size": 2, "seed": 1, "validation": 0.3, "mode": mode}
    kept, read = prepare_images(folder, **options), prepare_images(folder, cache=cache, **options)
    assert torch.equal(rows_of(kept.training, 2)[0], rows_of(read.training, 2)[0])
    assert torch.equal(rows_of(kept.training, 2, 1)[0], rows_of(read.training, 2, 1)[0])
    assert torch.equal(rows_of(kept.validation)[0], rows_of(read.validation)[0])
    assert of_data(kept) == of_data(read)
    assert read.training.held_bytes < kept.training.held_bytes


def test_fractions_split_images_as_rows_of_a_table(folder, prepare_images):
    data = prepare_images(folder, shuffle=False, validation=0.25, test=0.25, stratify=True, split_seed=4)
    parts = by_fraction(9, 0.25, 0.25, 4, numpy.array(["cat"] * 4 + ["dog"] * 5))
    for split, batches in data.splits().items():
        assert torch.equal(rows_of(batches)[0], expected(folder, [FILES[index] for index in parts[split]]))


def test_folds_divide_images_as_rows_of_a_table(folder, prepare_images):
    classes = numpy.array(["cat"] * 4 + ["dog"] * 5)
    of_fold = fold_of_rows(9, 3, 2, classes)
    for fold in range(3):
        options = {"folds": 3, "fold": fold, "stratify": True, "split_seed": 2, "shuffle": False}
        data = prepare_images(folder, **options)
        for split, rows in (("validation", of_fold == fold), ("training", of_fold != fold)):
            names = [FILES[index] for index in numpy.flatnonzero(rows)]
            assert torch.equal(rows_of(data.splits()[split])[0], expected(folder, names))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"folds": 3, "validation": 0.2}, "The fold is the validation split: remove `validation`"),
        ({"folds": 3, "fold": 3}, "There are 3 folds, counted from 0"),
        ({"fold": 1}, "folds"),
    ],
)
def test_folds_that_contradict_other_options_are_refused(folder, prepare_images, options, problem):
    with pytest.raises(SpecError, match=problem):
        prepare_images(folder, **options)


def test_other_folders_are_other_splits(folder, prepare_images, tmp_path):
    shutil.copytree(folder, tmp_path / "val")
    shutil.rmtree(tmp_path / "val/cat")
    data = prepare_images(folder, shuffle=False, validation=str(tmp_path / "val"))
    inputs, targets = rows_of(data.validation)
    assert torch.equal(inputs, expected(folder, FILES[4:]))
    assert targets.tolist() == [1] * 5


def test_a_change_of_one_pixel_changes_the_fingerprint(folder, prepare_images):
    before = of_data(prepare_images(folder))
    assert of_data(prepare_images(folder)) == before
    image = Image.open(folder / FILES[8])
    image.putpixel((0, 0), (1, 2, 3))
    image.save(folder / FILES[8])
    assert of_data(prepare_images(folder)) != before


@pytest.mark.parametrize(
    ("options", "change"),
    [
        ({"mode": "L"}, lambda image: image.convert("L")),
        ({"size": 5}, lambda image: ImageOps.fit(image, (5, 5), Image.Resampling.BILINEAR)),
        (
            {"size": [5, 9], "resize": "pad", "interpolation": "lanczos"},
            lambda image: ImageOps.pad(image, (9, 5), Image.Resampling.LANCZOS),
        ),
        (
            {"size": [12, 4], "resize": "stretch", "interpolation": "nearest"},
            lambda image: image.resize((4, 12), Image.Resampling.NEAREST),
        ),
    ],
)
def test_images_are_converted_as_pillow_does(folder, prepare_images, options, change):
    inputs, _ = rows_of(prepare_images(folder, shuffle=False, **options).training)
    assert torch.equal(inputs, expected(folder, FILES, change))


def test_images_of_every_kind_become_rgb(folder, prepare_images):
    gray = numpy.arange(48, dtype=numpy.uint8).reshape(6, 8) * 5
    Image.fromarray(gray.astype(numpy.uint16) * 256 + 7).save(folder / "cat/0.png")
    Image.fromarray(gray).convert("P").save(folder / "cat/1.png")
    Image.fromarray(gray).convert("RGBA").save(folder / "cat/2.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # Turned by 90 degrees.
    Image.fromarray(gray.T.copy()).save(folder / "cat/3.png", exif=exif)
    inputs, _ = rows_of(prepare_images(folder, shuffle=False).training)
    for index in range(3):
        assert (inputs[index] * 255).tolist() == torch.from_numpy(gray).expand(3, -1, -1).tolist()
    assert (inputs[3, 0] * 255).tolist() == numpy.rot90(gray.T, -1).tolist()


def png(width, height):
    """Return a PNG file that claims to have this many pixels."""
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "png")
    content = bytearray(file.getvalue())
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no image", "It is not an image, or has a format other than JPEG, PNG, PPM, BMP, TIFF and WebP."),
        (b"", "It is empty."),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "It is not an image, or has a format other than "),
        (
            png(20_000, 20_000),
            "It has 400000000 pixels, which Pillow refuses to protect your memory (at most 89,478,485).",
        ),
        (
            png(10_000, 9_500),
            "It has 95000000 pixels, which Pillow refuses to protect your memory (at most 89,478,485).",
        ),
    ],
)
def test_files_that_are_no_images_are_refused(folder, prepare_images, content, message):
    (folder / "cat/2.png").write_bytes(content)
    with pytest.raises(DataError) as error:
        prepare_images(folder)
    assert str(error.value).startswith(f"{folder / 'cat/2.png'}: {message}")
    assert str(error.value).endswith(
        'To leave such images out, set `skip_unreadable = true`. It is of the class "cat".'
    )


def test_names_that_are_not_text_are_refused(folder, prepare_images):
    (folder / "cat/1.png").rename(folder / os.fsdecode(b"cat/\xff.png"))
    with pytest.raises(DataError, match=r"pets: The name b'cat/\\xff\.png' is not in UTF-8: rename it\."):
        prepare_images(folder)


def test_truncated_images_are_refused_or_skipped_and_counted(folder, prepare_images):
    for name in ("cat/1.png", "dog/0.bmp"):
        (folder / name).write_bytes((folder / name).read_bytes()[:90])
    with pytest.raises(DataError, match=r"It cannot be decoded: .* 1 other image cannot be read, either") as error:
        prepare_images(folder)
    assert error.value.file == folder / "cat/1.png"
    with pytest.warns(HooklineWarning, match='2 images of 9 cannot be read and will be skipped: "cat/1.png" and'):
        data = prepare_images(folder, skip_unreadable=True, shuffle=False)
    names = [name for name in FILES if name not in ("cat/1.png", "dog/0.bmp")]
    assert torch.equal(rows_of(data.training)[0], expected(folder, names))


def test_images_of_several_sizes_need_a_size(folder, prepare_images):
    Image.new("RGB", (9, 9)).save(folder / "dog/0.bmp")
    with pytest.raises(DataError, match=r'It has 9 × 9 pixels, not 6 × 8 as "0.png". Set `size`'):
        prepare_images(folder)


def test_a_file_that_changes_during_training_is_named(folder, prepare_images):
    data = prepare_images(folder, cache=0.0)
    (folder / "dog/0.bmp").write_bytes(b"")
    with pytest.raises(DataError, match=r"0.bmp: The image has been changed since training began. It is empty."):
        rows_of(data.training)


def problems(folder, **options):
    with pytest.raises(SpecError) as error:
        hookline.load(
            {
                "data": {"type": "ImageFolder", "path": str(folder), **options},
                "model": {"type": "Linear", "out_features": 2},
                "loss": {"type": "CrossEntropyLoss"},
                "optimizer": {"type": "SGD"},
            }
        )
    return str(error.value)


def checked(folder, **options):
    spec = hookline.load(
        {
            "data": {"type": "ImageFolder", "path": str(folder), **options},
            "model": {"type": "Linear", "out_features": 2},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "SGD"},
        }
    )
    return {problem.path: problem.message for problem in (one.diagnostic for one in spec.data.check(spec.objective))}


def test_check_finds_folders_that_are_missing_empty_or_no_classes(folder, tmp_path):
    assert checked(folder) == {}
    assert checked(tmp_path / "pest") == {("path",): "There is no such folder."}
    assert checked(folder / "cat/0.png") == {("path",): "This is a file, not a folder of images."}
    assert checked(folder / "cat")[("path",)].startswith("It has 4 images but no folders")
    (folder / "emu").mkdir()
    assert checked(folder)[("path",)].startswith('The class "emu" has no images.')
    (tmp_path / "all").mkdir()
    shutil.move(folder, tmp_path / "all/train")
    (tmp_path / "all/val").mkdir()
    assert checked(tmp_path / "all") == {
        ("path",): 'The folders in it are splits, not classes. Set path = "all/train", validation = "all/val".'
    }
    assert checked(tmp_path / "all/val") == {("path",): "The folder is empty: it must have a folder for each class."}


def test_check_finds_classes_that_are_not_trained(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "val")
    (tmp_path / "val/dog").rename(tmp_path / "val/emu")
    found = checked(folder, validation=str(tmp_path / "val"))
    assert found == {("validation",): 'There is the class "emu", but not in `path`.'}


def test_check_finds_transforms_that_do_not_fit(folder):
    found = checked(folder, size=8, transforms=[{"type": "RandomHorizontalFlip"}, {"type": "CenterCrop", "size": 9}])
    assert found == {("transforms", 1): "The crop of 9 × 9 is larger than the images of 8 × 8."}


def test_options_without_effect_are_refused(folder):
    assert "without `size`" in problems(folder, resize="pad")
    assert "leaves none for training" in problems(folder, validation=0.5, test=0.5)
    assert "Only fractions can be stratified" in problems(folder, stratify=True)


@pytest.fixture
def trained(folder, tmp_path):
    spec = hookline.load(
        {
            "run": {"epochs": 2},
            "data": {"type": "ImageFolder", "path": str(folder), "validation": 0.3, "mode": "L", "batch_size": 4}
            | {"transforms": [{"type": "RandomCrop", "size": 5}, {"type": "Normalize"}]},
            "model": {"type": "Sequential", "layers": [{"type": "Flatten"}, {"type": "Linear", "out_features": 2}]},
            "loss": {"type": "CrossEntropyLoss"},
            "optimizer": {"type": "Adam", "lr": 0.01},
            "metrics": [{"type": "Accuracy"}],
        }
    )
    hookline.train(spec, out=tmp_path / "run")
    return tmp_path / "run"


def assert_alike(table, other):
    """Outputs of other batches may differ in their last bits."""
    for name in table.column_names:
        if name.startswith("probability"):
            assert numpy.allclose(table[name].to_numpy(), other[name].to_numpy(), rtol=0, atol=1e-6)
        else:
            assert table[name].to_pylist() == other[name].to_pylist()
    assert table.column_names == other.column_names


def test_new_images_are_predicted_from_folders_files_lists_and_tables(folder, trained, tmp_path):
    run = hookline.open_run(trained)
    all_paths = [str(folder / name) for name in FILES]
    predicted = run.predict(folder)
    assert predicted["path"].to_pylist() == all_paths
    assert_alike(run.predict(str(folder / FILES[2])), predicted.slice(2, 1))
    assert_alike(run.predict([folder / name for name in FILES[3:5]]), predicted.slice(3, 2))
    (tmp_path / "new.csv").write_text("id,path\n1,pets/dog/0.bmp\n2,pets/cat/3.png\n")
    of_table = run.predict(tmp_path / "new.csv", keep=["id"])
    assert of_table["id"].to_pylist() == ["1", "2"]
    assert of_table["path"].to_pylist() == ["pets/dog/0.bmp", "pets/cat/3.png"]
    assert_alike(of_table.drop_columns(["id", "path"]), predicted.drop_columns("path").take([4, 3]))
    both = run.evaluate(data=folder)
    assert both["Accuracy"] == numpy.mean(
        [name == path.split("/")[0] for name, path in zip(predicted["prediction"].to_pylist(), FILES, strict=True)]
    )


def test_a_run_predicts_without_its_images(folder, trained):
    run = hookline.open_run(trained)
    before = run.predict(folder / "dog")
    shutil.move(folder / "dog", folder.parent / "dog")
    shutil.rmtree(folder)
    after = hookline.open_run(trained).predict(folder.parent / "dog")
    assert before.drop_columns("path").equals(after.drop_columns("path"))


def test_new_images_that_cannot_be_read_are_listed(folder, trained):
    (folder / "cat/1.png").write_bytes(b"")
    Image.new("RGB", (9, 9)).save(folder / "dog/0.bmp")
    run = hookline.open_run(trained)
    with pytest.raises(UnreadableRowsError) as error:
        run.predict(folder)
    assert f'"{folder / "cat/1.png"}": It is empty.' in str(error.value)
    assert "It has 9 × 9 pixels, not 6 × 8 as in training." in str(error.value)
    with pytest.warns(HooklineWarning, match="2 of 9 rows cannot be read"):
        skipped = run.predict(folder, skip_bad_rows=True)
    assert skipped["prediction"].is_null().to_pylist() == [index in (1, 4) for index in range(9)]


def test_the_preparation_says_how_an_image_is_made(trained):
    prepared = hookline.open_run(trained).data.preparation["input"]
    assert prepared["images"] == {"mode": "L", "size": None, "upright": True, "divided_by": 255}
    assert prepared["image_shape"] == [1, 6, 8]
    assert [transform["type"] for transform in prepared["transforms"]] == ["RandomCrop", "Normalize"]


def test_paths_are_kept_as_the_folder_has_them(folder, prepare_images):
    data = prepare_images(type="ImageFolder", path=str(folder), validation=0.3, shuffle=False)
    kept = [path for split in data.splits() for path in data.kept[split].column("path").to_pylist()]
    assert sorted(kept) == sorted(FILES)
    classes = [data.target.classes[index] for index in next(data.validation.epoch(1)).target.tolist()]
    assert [path.split("/")[0] for path in data.kept["validation"].column("path").to_pylist()] == classes

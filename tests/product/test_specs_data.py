"""The data of the specs: derived files equal the output of their scripts."""

import runpy
import shutil
from pathlib import Path

import numpy
import pytest
from PIL import Image
from pyarrow import parquet

DATA = Path(__file__).parents[2] / "specs" / "data"


@pytest.fixture
def remade(tmp_path):
    """A folder in which the scripts have recreated their data from the tables."""
    scripts = list(DATA.glob("make_*.py"))
    made = {script.stem.removeprefix("make_") for script in scripts}
    for path in (*(table for table in DATA.glob("*.csv") if table.stem not in made), *scripts):
        shutil.copy(path, tmp_path)
    for path in tmp_path.glob("make_*.py"):
        runpy.run_path(str(path), run_name="__main__")
    return tmp_path


@pytest.fixture(scope="module")
def strings():
    with numpy.load(DATA / "digit_strings.npz", allow_pickle=False) as file:
        return dict(file)


def digits():
    cells = numpy.loadtxt(DATA / "digits.csv", delimiter=",", skiprows=1, dtype=numpy.uint8)
    return cells[:, :-1].reshape(-1, 8, 8), cells[:, -1]


def test_the_scripts_recreate_the_files(remade):
    assert {path.name for path in remade.iterdir()} == {path.name for path in DATA.iterdir()} - {"README.md"}
    for path in DATA.glob("*.csv"):
        assert path.read_bytes() == (remade / path.name).read_bytes()
    for path in DATA.glob("*.npz"):
        with numpy.load(path, allow_pickle=False) as kept, numpy.load(remade / path.name, allow_pickle=False) as again:
            assert kept.files == again.files
            for name in kept.files:
                assert kept[name].dtype == again[name].dtype
                numpy.testing.assert_array_equal(kept[name], again[name])
    images = sorted(path.relative_to(DATA) for path in DATA.glob("digit_images/**/*") if path.is_file())
    assert images == sorted(path.relative_to(remade) for path in remade.glob("digit_images/**/*") if path.is_file())
    for path in images:
        if path.suffix == ".png":
            assert Image.open(DATA / path).tobytes() == Image.open(remade / path).tobytes()
        else:
            assert (DATA / path).read_bytes() == (remade / path).read_bytes()
    for path in DATA.glob("*.parquet"):
        assert parquet.read_table(path).equals(parquet.read_table(remade / path.name))


def test_the_strings_consist_of_images_side_by_side(strings):
    images, shown = digits()
    for columns, length, said, chosen in zip(
        *(strings[name] for name in ("columns", "columns_length", "digits", "images")), strict=True
    ):
        count = int((chosen >= 0).sum())
        assert 2 <= count <= 5
        assert length == 8 * count
        numpy.testing.assert_array_equal(columns[:length].T, numpy.hstack(images[chosen[:count]]))
        assert not columns[length:].any()
        assert chosen[count:].tolist() == said[count:].tolist() == [-1] * (5 - count)
        assert said[:count].tolist() == shown[chosen[:count]].tolist()


def test_no_image_is_in_the_strings_of_two_splits(strings):
    pixels = strings["columns"].reshape(-1, 5, 64)
    is_there = strings["digits"] >= 0
    images = {
        str(split): {
            image.tobytes() for image in pixels[strings["split"] == split][is_there[strings["split"] == split]]
        }
        for split in numpy.unique(strings["split"])
    }
    assert set(images) == {"training", "validation", "test"}
    assert len(set.union(*images.values())) == sum(map(len, images.values()))


def test_the_tokens_are_the_positions_of_dark_pixels():
    images, shown = digits()
    table = parquet.read_table(DATA / "digit_tokens.parquet").to_pydict()
    assert table["digit"] == shown.tolist()
    for image, places in zip(images, table["dark"], strict=True):
        redrawn = numpy.zeros(64, dtype=bool)
        redrawn[numpy.array(places) - 1] = True
        assert places == sorted(set(places))
        numpy.testing.assert_array_equal(redrawn.reshape(8, 8), image >= 8)


def test_each_file_is_described():
    text = (DATA / "README.md").read_text()
    files = [path.name for path in DATA.iterdir() if path.suffix in (".csv", ".npz", ".parquet")]
    assert [name for name in files if f"`{name}`" not in text] == []

"""Malformed NPZ files."""

import io
import zipfile

import numpy
import pytest
from numpy.lib import format as npy

from hookline.errors import DataError
from hookline_data.numpy_arrays import npz_file

X = numpy.arange(6.0).reshape(3, 2)


def array(values=X):
    stream = io.BytesIO()
    npy.write_array(stream, numpy.asarray(values), allow_pickle=True)
    return stream.getvalue()


def header(shape, kind="<f8"):
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"descr": kind, "fortran_order": False, "shape": shape})
    return stream.getvalue()


def archive(path, content, **options):
    with zipfile.ZipFile(path, "w", **options) as file:
        file.writestr("x.npy", content)
    return path


def error_of(read, *arguments):
    with pytest.raises(DataError) as caught:
        read(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (header((10**12,)) + b"\0" * 800, 'The file is damaged: "x" has the shape (1000000000000,), but 800 bytes.'),
        (header((-1, 5)) + b"\0" * 800, 'The file is damaged: "x" has the shape (-1, 5), but 800 bytes.'),
        (header((101,)) + b"\0" * 800, 'The file is damaged: "x" has the shape (101,), but 800 bytes.'),
        (header((10**18,), "<U0"), 'The file is damaged: "x" has the shape (1000000000000000000,), but 0 bytes.'),
        (b"\x93NUMPY\1\0\xff\xff", 'The file is damaged: the type and the shape of "x" cannot be read.'),
        (b"\x93NUMPY\2\0\xff\xff\xff\x7f", 'The file is damaged: the type and the shape of "x" cannot be read.'),
        (b"\x93NUMPY\1\0\x10'" + b"(" * 10000, 'The file is damaged: the type and the shape of "x" cannot be read.'),
        (
            b"\x93NUMPY\1\0\xff\xfe{" + b" " * 65280,
            'The file is damaged: the type and the shape of "x" cannot be read.',
        ),
        (b"", '"x" is not an array.'),
        (
            array([{}]),
            '"x" contains pickled Python objects, and unpickling could run any code. Save arrays of numbers or text '
            "instead.",
        ),
        (
            array(numpy.zeros(3, "f4,i8")),
            "\"x\" has the type [('f0', '<f4'), ('f1', '<i8')], but must have numbers or text.",
        ),
    ],
    ids=range(11),
)
def test_a_malformed_array_is_reported_without_advice_to_allow_pickle(tmp_path, content, message):
    path = archive(tmp_path / "arrays.npz", content)
    assert npz_file.array_names(path) == ["x"]
    assert error_of(npz_file.read, path, ["x"]) == f"{path}: {message}"


def test_a_decompression_bomb_is_not_unpacked(tmp_path):
    path = archive(tmp_path / "arrays.npz", header((2**26,)) + bytes(100), compression=zipfile.ZIP_DEFLATED)
    packed = zipfile.ZipFile(path).getinfo("x.npy").compress_size
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\1\2")
    content[place + 24 : place + 28] = (2**29 + 128).to_bytes(4, "little")
    path.write_bytes(content)
    assert error_of(npz_file.read, path, ["x"]) == (
        f'{path}: "x" has {packed} bytes in the file and 536,871,040 once unpacked, more than 250 times as many. '
        "If this is not a decompression bomb, save it with `numpy.savez`."
    )


def test_an_encrypted_file_is_reported_when_checked_and_when_read(tmp_path):
    path = archive(tmp_path / "arrays.npz", array())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    assert error_of(npz_file.array_names, path) == f"{path}: The file is encrypted."
    assert error_of(npz_file.read, path, ["x"]) == f'{path}: "x" is encrypted.'


def test_every_file_with_a_changed_byte_is_read_or_reported(tmp_path):
    good = archive(tmp_path / "good.npz", array(), compression=zipfile.ZIP_DEFLATED).read_bytes()
    path = tmp_path / "arrays.npz"
    for place in range(len(good)):
        for flipped in (1, 255):
            content = bytearray(good)
            content[place] ^= flipped
            path.write_bytes(content)
            try:
                npz_file.array_names(path)
                npz_file.read(path, ["x"])
            except DataError as error:
                assert str(error).startswith(f"{path}: ")  # noqa: PT017
                assert "pickle" not in str(error)  # noqa: PT017


@pytest.mark.parametrize("left", [0, 1, 30, 100, 200, -1])
def test_a_truncated_file_is_reported(tmp_path, left):
    path = archive(tmp_path / "arrays.npz", array())
    path.write_bytes(path.read_bytes()[:left])
    assert error_of(npz_file.read, path, ["x"]).startswith(f"{path}: ")


def test_a_directory_of_too_many_arrays_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "LARGEST_DIRECTORY", 40)
    path = archive(tmp_path / "arrays.npz", array())
    assert error_of(npz_file.array_names, path) == f"{path}: The file contains too many arrays."

"""NPZ files that are not what they say."""

import io
import zipfile

import numpy
import pytest
from numpy.lib import format as npy

from hookline.errors import DataError
from hookline_data.reading import npz_file

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
        (header((10**12,)) + b"\0" * 800, 'The file is damaged: "x" has the shape (1000000000000,) and 800 bytes.'),
        (header((-1, 5)) + b"\0" * 800, 'The file is damaged: "x" has the shape (-1, 5) and 800 bytes.'),
        (header((101,)) + b"\0" * 800, 'The file is damaged: "x" has the shape (101,) and 800 bytes.'),
        (header((10**18,), "<U0"), 'The file is damaged: "x" has the shape (1000000000000000000,) and 0 bytes.'),
        (b"\x93NUMPY\1\0\xff\xff", 'The file is damaged: The type and the shape of "x" cannot be read.'),
        (b"\x93NUMPY\2\0\xff\xff\xff\x7f", 'The file is damaged: The type and the shape of "x" cannot be read.'),
        (b"\x93NUMPY\1\0\x10'" + b"(" * 10000, 'The file is damaged: The type and the shape of "x" cannot be read.'),
        (
            b"\x93NUMPY\1\0\xff\xfe{" + b" " * 65280,
            'The file is damaged: The type and the shape of "x" cannot be read.',
        ),
        (b"", '"x" is not an array.'),
        (
            array([{}]),
            '"x" has Python objects, which are pickled: to read them could run any code. Arrays of numbers and of text '
            "are not.",
        ),
        (
            array(numpy.zeros(3, "f4,i8")),
            "\"x\" has the type [('f0', '<f4'), ('f1', '<i8')], and neither numbers nor text.",
        ),
    ],
    ids=range(11),
)
def test_what_is_no_array_as_it_says_is_told_in_a_sentence_without_advice_to_trust_it(tmp_path, content, message):
    path = archive(tmp_path / "arrays.npz", content)
    assert npz_file.array_names(path) == ["x"]
    assert error_of(npz_file.read, path, ["x"]) == f"{path}: {message}"


def test_an_array_that_would_fill_the_memory_is_not_unpacked(tmp_path):
    path = archive(tmp_path / "arrays.npz", header((2**26,)) + bytes(100), compression=zipfile.ZIP_DEFLATED)
    packed = zipfile.ZipFile(path).getinfo("x.npy").compress_size
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\1\2")
    content[place + 24 : place + 28] = (2**29 + 128).to_bytes(4, "little")
    path.write_bytes(content)
    assert error_of(npz_file.read, path, ["x"]) == (
        f'{path}: "x" has {packed} bytes in the file and 536,871,040 once it is unpacked, more than 250 times as many. '
        "If it is not meant to fill the memory, save it with `numpy.savez`."
    )


def test_an_encrypted_file_is_told_by_the_check_and_where_it_is_read(tmp_path):
    path = archive(tmp_path / "arrays.npz", array())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    assert error_of(npz_file.array_names, path) == f"{path}: The file is encrypted."
    assert error_of(npz_file.read, path, ["x"]) == f'{path}: "x" is encrypted.'


def test_every_file_with_a_changed_byte_gives_arrays_or_a_sentence(tmp_path):
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
def test_a_file_that_ends_too_soon_is_told(tmp_path, left):
    path = archive(tmp_path / "arrays.npz", array())
    path.write_bytes(path.read_bytes()[:left])
    assert error_of(npz_file.read, path, ["x"]).startswith(f"{path}: ")


def test_a_list_of_very_many_arrays_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(npz_file, "LARGEST_DIRECTORY", 40)
    path = archive(tmp_path / "arrays.npz", array())
    assert error_of(npz_file.array_names, path) == f"{path}: The file lists more arrays than can be read."

"""Weights are loaded only if the file has exactly the tensors of the model; a file that lies is refused."""

import json
import struct

import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import nn

from hookline.errors import RunError
from hookline.trained.load_weights import load_weights


class Tied(nn.Module):
    """A model whose first and last layer share their weights."""

    def __init__(self):
        super().__init__()
        self.first = nn.Embedding(3, 2)
        self.norm = nn.BatchNorm1d(2)
        self.last = nn.Linear(2, 3, bias=False)
        self.last.weight = self.first.weight


def written(path, header, data=bytes(24), *, size=None):
    """Write a file in safetensors format with this header, a table or bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if size is None else size) + text + data)
    return path


def entry(start=0, stop=24, shape=(2, 3), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, stop]}


BIAS = entry(24, 32, (2,))


@pytest.mark.parametrize("kind", [Tied, lambda: nn.Linear(3, 2, dtype=torch.float64), nn.Identity])
def test_saved_tensors_are_loaded(kind, tmp_path):
    saved, model = kind(), kind()
    for tensor in saved.state_dict().values():
        tensor.copy_(torch.arange(tensor.numel()).reshape(tensor.shape))
    save_model(saved, str(tmp_path / "model.safetensors"))
    load_weights(model, tmp_path / "model.safetensors")
    state, expected = model.state_dict(), saved.state_dict()
    assert list(state) == list(expected)
    assert all(state[name].equal(expected[name]) for name in state)


def test_shared_tensors_stay_shared(tmp_path):
    save_model(Tied(), str(tmp_path / "model.safetensors"))
    model = Tied()
    load_weights(model, tmp_path / "model.safetensors")
    assert model.last.weight is model.first.weight


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"weight": (2, 3), "bias": (2,), "other": (1,)}, 'The model of the spec has no tensor "other".'),
        ({"weight": (2, 3)}, 'The file has no tensor "bias", which the model of the spec has.'),
        (
            {"weight": (3, 2), "bias": (2,)},
            '"weight" is float32 of shape (3, 2), but the model of the spec has float32',
        ),
        ({}, 'The file has no tensor "bias" and "weight"'),
    ],
)
def test_other_tensors_than_those_of_the_model_are_refused(tensors, message, tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({name: torch.zeros(shape) for name, shape in tensors.items()}, path)
    with pytest.raises(RunError) as raised:
        load_weights(nn.Linear(3, 2), path)
    assert str(raised.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    "header",
    [
        {"weight": entry(), "bias": entry(24, 2**40, (2,))},
        {"weight": entry(), "bias": entry(2**63, 2**63 + 8, (2,))},
        {"weight": entry(), "bias": entry(-8, 0, (2,))},
        {"weight": entry(), "bias": entry(16, 24, (2,))},
        {"weight": entry(), "bias": entry(32, 40, (2,))},
        {"weight": entry(), "bias": entry(24, 28, (2,))},
        {"weight": entry(), "bias": entry(32, 24, (2,))},
        {"weight": entry(), "bias": entry(24, 32, (2**62, 4))},
        {"weight": entry(), "bias": entry(24, 32, (-2,))},
        {"weight": entry(), "bias": entry(24, 32, (2,), "F31")},
        {"weight": entry(), "bias": entry(24, 32, (1,), "F64")},
        {"weight": entry(), "bias": entry(24, 32, (1,), "C64")},
        {"weight": entry(), "bias": entry(24, 32, (2,), "I32")},
        {"weight": entry(), "bias": entry(24, 32, (16,), "F4")},
        {"weight": entry(), "bias": entry(24, 32, (8,), "F8_E8M0")},
        {"weight": entry(), "bias": {"dtype": "F32", "shape": [2]}},
        {"weight": entry(), "bias": 3},
        {"weight": [entry()], "bias": BIAS},
        [entry()],
        b"not JSON",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"weight":' + json.dumps(entry()).encode() + b',"bias":' + json.dumps(BIAS).encode() + b',"bias":3}',
        b'{"weight":' + json.dumps(entry()).encode() + b',"weight":' + json.dumps(BIAS).encode() + b"}",
    ],
    ids=str,
)
def test_a_header_that_lies_is_refused(header, tmp_path):
    path = written(tmp_path / "model.safetensors", header, bytes(32))
    with pytest.raises(RunError, match=r"model\.safetensors: "):
        load_weights(nn.Linear(3, 2), path)


@pytest.mark.parametrize("size", [0, 1, 10**6, 10**9, 2**63, 2**64 - 1])
def test_a_wrong_size_of_the_header_is_refused(size, tmp_path):
    path = written(tmp_path / "model.safetensors", {"weight": entry(), "bias": BIAS}, bytes(32), size=size)
    with pytest.raises(RunError, match="The weights cannot be read"):
        load_weights(nn.Linear(3, 2), path)


@pytest.mark.parametrize("content", [b"", b"\x80\x04", b"PK\x03\x04archive/data.pkl", bytes(7)])
def test_a_file_in_another_format_is_refused(content, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(RunError, match="The weights cannot be read"):
        load_weights(nn.Linear(3, 2), path)


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    for path in (tmp_path / "model.safetensors", tmp_path):
        with pytest.raises(RunError, match=f"{path}: "):
            load_weights(nn.Linear(3, 2), path)


def test_a_pickle_is_never_loaded(tmp_path):
    path = tmp_path / "model.safetensors"
    torch.save(nn.Linear(3, 2).state_dict(), path)
    with pytest.raises(RunError, match="The weights cannot be read"):
        load_weights(nn.Linear(3, 2), path)

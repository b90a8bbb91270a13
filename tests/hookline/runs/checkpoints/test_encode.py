"""A state is the same after it was encoded, written as JSON and safetensors, and decoded."""

import json
import math
import random
from collections import Counter, OrderedDict, defaultdict, namedtuple

import numpy
import pytest
import torch
from safetensors.torch import load, save

from hookline.errors.exceptions import CheckpointError
from hookline.runs.checkpoints.encode import Encoder, decode


def through_files(state):
    encoder = Encoder()
    text = json.dumps(encoder.encode(state, "state"), allow_nan=False)
    return decode(json.loads(text), load(save(encoder.tensors)))


PLAIN = [
    *(None, True, False, 0, -1, 2**80, 0.1, 1e-320, 1e308, "", "ü\n\x00", "$tuple", b"", b"\x00\xff"),
    *([], (), {}, set(), [1, [2, (3,)]], (1, [2]), {1, 2}, frozenset({"a", (1, 2)})),
    *({"a": 1}, {1: "a", "1": "b", 1.5: 2}, {(1, "x"): [None]}, {"$tuple": [1]}, {"$a": 1, "b": 2}, {None: 0, True: 1}),
    *({"a.b": 1, "a": {"b": 2}}, OrderedDict(b=1, a=2), Counter("hello"), 1j, complex(0.1, -2)),
    *(torch.float16, torch.device("cpu"), torch.Size([2, 3])),
]


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_a_plain_value_is_the_same_with_the_same_type(value):
    found = through_files({"x": (value, [value])})
    assert found == {"x": (value, [value])}
    assert [type(one) for one in (found["x"][0], found["x"][1][0])] == [type(value)] * 2
    if isinstance(value, dict):
        assert list(found["x"][0].items()) == list(value.items())


def test_numbers_keep_their_bits():
    numbers = [math.inf, -math.inf, -0.0, 0.1 + 0.2, 5e-324, math.nan]
    assert list(map(float.hex, through_files(numbers))) == list(map(float.hex, numbers))
    parts = through_files(complex(-0.0, math.inf))
    assert (math.copysign(1, parts.real), parts.imag) == (-1, math.inf)


DTYPES = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.complex64),
    *(torch.complex128, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.bool),
]


def bits(tensor):
    return tensor.contiguous().view(torch.uint8).tolist() if tensor.numel() and tensor.dim() else tensor.tolist()


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda value: type(value).__name__)
def test_a_tensor_keeps_its_bits_type_and_shape(dtype):
    generator = torch.Generator().manual_seed(0)
    tensor = torch.randint(0, 255, (3, 64), dtype=torch.uint8, generator=generator)
    tensor = (tensor % 2).bool() if dtype == torch.bool else tensor.view(dtype)  # With NaN, and numbers below normal.
    for one in (tensor, tensor.t(), tensor[1:, ::2], tensor[:0]):
        got = through_files({"t": one})["t"]
        assert (got.dtype, got.shape, bits(got)) == (one.dtype, one.shape, bits(one))
    single = through_files(tensor[0, 0])
    assert (single.shape, bits(single.reshape(1))) == (torch.Size([]), bits(tensor[0, :1]))


def test_tensors_with_conjugate_or_negative_bits_are_resolved():
    tensor = torch.tensor([1 + 2j, 3 - 4j])
    for one in (tensor.conj(), tensor.conj().imag):
        assert torch.equal(through_files(one), one.clone())


def test_a_parameter_becomes_a_tensor_on_the_cpu():
    got = through_files({"p": torch.nn.Parameter(torch.ones(2))})["p"]
    assert (type(got), got.requires_grad, got.tolist()) == (torch.Tensor, False, [1.0, 1.0])


def test_a_tensor_that_occurs_twice_is_stored_once_and_still_shared():
    tensor = torch.arange(3.0)
    encoder = Encoder()
    encoder.encode({"a": tensor, "b": [tensor, tensor.clone()]}, "state")
    assert len(encoder.tensors) == 2
    got = through_files({"a": tensor, "b": [tensor, tensor.clone()]})
    assert got["a"] is got["b"][0]
    assert got["a"] is not got["b"][1]


def test_a_copy_does_not_change_with_the_training():
    tensor = torch.zeros(2)
    encoder = Encoder()
    encoder.encode(tensor, "state")
    tensor += 1
    assert encoder.tensors["state"].tolist() == [0.0, 0.0]


def test_keys_with_dots_do_not_confuse_tensors():
    state = {"a.b": torch.tensor(1), "a": {"b": torch.tensor(2), "b'": torch.tensor(3)}, "a.b'": torch.tensor(4)}
    got = through_files(state)
    assert [got["a.b"], got["a"]["b"], got["a"]["b'"], got["a.b'"]] == [1, 2, 3, 4]


@pytest.mark.parametrize("is_coalesced", [True, False])
def test_a_sparse_tensor_keeps_its_entries(is_coalesced):
    sparse = torch.sparse_coo_tensor([[0, 0, 2], [1, 1, 0]], [1.0, 2.0, 3.0], (3, 4), check_invariants=True)
    sparse = sparse.coalesce() if is_coalesced else sparse
    got = through_files({"s": sparse})["s"]
    assert (got.is_sparse, got.is_coalesced(), got.shape) == (True, is_coalesced, sparse.shape)
    assert torch.equal(got._indices(), sparse._indices())
    assert torch.equal(got._values(), sparse._values())


ARRAYS = [
    *(numpy.arange(6, dtype=kind).reshape(2, 3) for kind in ("u1", "i2", "u4", "u8", "f2", "f4", "f8", "c16", ">i4")),
    *(numpy.array(["a", "bcd"]), numpy.array([b"a", b"bcd"]), numpy.array(["2020-01-01"], dtype="M8[D]")),
    *(numpy.array([True]), numpy.array(3.5), numpy.zeros((0, 2)), numpy.asfortranarray(numpy.eye(3)[:, 1:])),
    *(numpy.float32(0.1), numpy.int64(-3), numpy.bool_(1), numpy.uint64(2**63), numpy.array([math.nan, -0.0])),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_an_array_or_scalar_of_numpy_keeps_its_bits_type_and_shape(array):
    got = through_files({"a": array})["a"]
    assert (type(got), got.dtype, got.shape) == (type(array), array.dtype, array.shape)
    assert got.tobytes() == array.tobytes()
    assert not isinstance(array, numpy.ndarray) or got.flags.writeable


def test_states_of_generators_are_the_same():
    state = random.getstate()
    assert through_files(state) == state
    random.setstate(through_files(state))
    legacy = numpy.random.RandomState(3).get_state(legacy=False)
    got = through_files(legacy)
    assert (got.pop("state")["key"] == legacy.pop("state")["key"]).all()
    assert got == legacy
    modern = numpy.random.default_rng(3).bit_generator.state
    assert through_files(modern) == modern


def test_other_mappings_become_dictionaries():
    got = through_files(defaultdict(list, {1: [2]}))
    assert (type(got), got) == (dict, {1: [2]})


Point = namedtuple("Point", "x")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (print, "the type builtin_function_or_method"),
        (lambda: 0, "the type function"),
        (object(), "the type object"),
        (Point(1), "the type Point"),
        (torch.Generator(), "the type Generator"),
        (numpy.array([None]), "an array of object"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_other_types_are_refused_with_their_place(value, kind):
    with pytest.raises(CheckpointError) as raised:
        Encoder().encode({"a": [1, {"b": (value,)}]}, "state")
    message = str(raised.value)
    assert message.startswith(f"state.a.1.b.0 {'is' if kind.startswith('a') else 'has'} {kind}")
    assert "which a checkpoint cannot hold" in message


@pytest.mark.parametrize(
    "encoded",
    [
        {"$lambda": 1},
        {"$tensor": "missing"},
        {"$dtype": "nn"},
        {"$dtype": "load"},
        {"$float": "x"},
        {"$bytes": "*"},
        {"$tuple": 1},
        {"$dict": [[1]]},
        {"$array": {"dtype": "O", "shape": [1], "is_scalar": False, "bytes": {"$tensor": "t"}}},
        {"$array": {"dtype": "<f8", "shape": [9], "is_scalar": False, "bytes": {"$tensor": "t"}}},
        {"$sparse": {}},
    ],
    ids=str,
)
def test_what_is_not_the_encoding_of_a_state_is_refused(encoded):
    with pytest.raises(CheckpointError, match=r"^The state is damaged: "):
        decode({"x": encoded}, {"t": torch.zeros(8, dtype=torch.uint8)})

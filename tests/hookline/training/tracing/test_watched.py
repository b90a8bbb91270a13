"""Whatever a layer depends on: if it changes after some steps, the next step has the bits of the layers."""

import collections
import contextlib
import contextvars
import functools
import itertools
import os
import random
import sys
import time
import types
import weakref

import changing_config
import numpy
import pytest
import torch
import tracing
from torch import nn

from hookline.data import Batch
from hookline.spec import LossSpec
from hookline.spec.objective.objective import Objective
from hookline.training.tracing import beginning, comparison, worth
from hookline.training.tracing.watched import Watched

STEPS, CHANGED_AT = 24, 12
FIRST = worth.WARM_UP + 1 + comparison.CHECKS
LATER = 2.0
"""The value of what changes, which is 1 before."""


def batches():
    generator = torch.Generator().manual_seed(0)
    return [
        Batch({"x": torch.randn(4, 3, generator=generator)}, {"y": torch.randn(4, 3, generator=generator)})
        for _ in range(STEPS)
    ]


class Layer(nn.Module):
    """A linear layer with something that scales its outputs."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, rows):
        """Apply the layer."""
        return self.linear(rows) * self.rate()


@pytest.fixture(autouse=True)
def _always(monkeypatch):
    """Trace however short the run is; compare first, as usual."""
    monkeypatch.setattr(worth, "WARM_UP", 2)
    monkeypatch.setattr(worth, "earns_its_cost", lambda *_, **__: True)
    monkeypatch.setattr(worth, "is_faster", lambda traced, by_layers: True)
    monkeypatch.setattr(comparison, "CHECKS", 3)


def both_ways(make, around=contextlib.nullcontext, *, is_wrapped=False):
    """Train by the layers and with a trace, with a change between two steps. Compare all, and return what was traced."""
    run, ended = tracing.run_of(), []
    run.stages.seen_by = lambda stage: "a plugin" if is_wrapped and stage == "step" else None
    for is_traced in (False, True):
        torch.manual_seed(1)
        model, change = make()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        criterion = nn.MSELoss()
        gradients = tracing.Plain(model, criterion, optimizer).gradients
        if is_traced:
            gradients = beginning.traced_gradients(run, model, criterion, optimizer, gradients)
        losses = []
        with contextlib.ExitStack() as changed:
            for step, batch in enumerate(batches()):
                if step == CHANGED_AT:
                    change()
                    changed.enter_context(around())
                losses.append(gradients(batch).clone())
                optimizer.step()
        ended.append([*losses, *(parameter.detach().clone() for parameter in model.parameters())])
    assert tracing.are_equal(*ended)
    return run.traced_steps


# --- What changes between two steps, outside of the layer. It is 1 before, and 2 after. -------------------------------


class Slotted:
    """An object with a slot."""

    __slots__ = ("__rate",)

    def __init__(self):
        self.set(1.0)

    def set(self, rate):
        """Set the rate."""
        self.__rate = rate

    def get(self):
        """Return the rate."""
        return self.__rate


class Owner:
    """An object with an attribute."""

    rate = 1.0


class Attributed(float):
    """A number with an attribute."""


class Tagged(list):
    """A list with an attribute."""


RATE, OBJECT = 1.0, types.SimpleNamespace(rate=1.0)


def attribute():
    layer = Layer()
    layer.scale = 1.0
    layer.rate = lambda: layer.scale
    return layer, lambda: setattr(layer, "scale", LATER)


def inside_lists():
    layer = Layer()
    layer.scale = {"one": [(0, [1.0])]}
    layer.rate = lambda: layer.scale["one"][0][1][0]
    return layer, lambda: layer.scale["one"][0][1].__setitem__(0, LATER)


def key():
    layer = Layer()
    layer.scale = {1.0: None}
    layer.rate = lambda: next(iter(layer.scale))
    return layer, lambda: (layer.scale.clear(), layer.scale.update({LATER: None}))


def member():
    layer = Layer()
    layer.scale = {"one"}
    layer.rate = lambda: LATER if "two" in layer.scale else 1.0
    return layer, lambda: layer.scale.add("two")


def queue():
    layer = Layer()
    layer.scale = collections.deque([1.0], maxlen=1)
    layer.rate = lambda: layer.scale[0]
    return layer, lambda: layer.scale.append(LATER)


def slots():
    layer = Layer()
    layer.scale = Slotted()
    layer.rate = lambda: layer.scale.get()
    return layer, lambda: layer.scale.set(LATER)


def attribute_of_a_number():
    layer = Layer()
    layer.scale = Attributed(3)
    layer.scale.rate = 1.0
    layer.rate = lambda: layer.scale.rate
    return layer, lambda: setattr(layer.scale, "rate", LATER)


def attribute_of_a_list():
    layer = Layer()
    layer.scale = Tagged()
    layer.scale.rate = 1.0
    layer.rate = lambda: layer.scale.rate
    return layer, lambda: setattr(layer.scale, "rate", LATER)


def attribute_of_a_parameter():
    layer = Layer()
    layer.linear.weight.rate = 1.0
    layer.rate = lambda: layer.linear.weight.rate
    return layer, lambda: setattr(layer.linear.weight, "rate", LATER)


def moved_from_list_to_list():
    layer = Layer()
    layer.before, layer.after = [1.0], []
    layer.rate = lambda: 1.0 if layer.before else LATER
    return layer, lambda: layer.after.append(layer.before.pop())


def class_of_a_list():
    class Own(list):
        __slots__ = ()
        scale = 1.0

    layer = Layer()
    layer.values = Own()
    layer.rate = lambda: layer.values.scale
    return layer, lambda: setattr(Own, "scale", LATER)


def slot_of_a_table():
    class Own(dict):
        __slots__ = ("scale",)

    layer = Layer()
    layer.values = Own()
    layer.values.scale = 1.0
    layer.rate = lambda: layer.values.scale
    return layer, lambda: setattr(layer.values, "scale", LATER)


def attribute_of_a_key():
    layer, owner = Layer(), Owner()
    layer.scale = {owner: None}
    layer.rate = lambda: next(iter(layer.scale)).rate
    return layer, lambda: setattr(owner, "rate", LATER)


def default_factory():
    layer = Layer()
    layer.scale = collections.defaultdict(lambda: 1.0)
    layer.rate = lambda: layer.scale.default_factory()
    return layer, lambda: setattr(layer.scale, "default_factory", lambda: LATER)


def partial():
    layer = Layer()
    layer.rate = functools.partial(lambda rate: rate, rate=1.0)
    return layer, lambda: layer.rate.keywords.update(rate=LATER)


def reference():
    layer, owner = Layer(), Owner()
    layer.scale = weakref.ref(owner)
    layer.rate = lambda: layer.scale().rate
    return layer, lambda: setattr(owner, "rate", LATER)


def bound_method():
    layer, scale = Layer(), Slotted()
    layer.rate = scale.get
    return layer, lambda: scale.set(LATER)


def enclosing_variable():
    layer, scale = Layer(), 1.0
    layer.rate = lambda: scale

    def change():
        nonlocal scale
        scale = LATER

    return layer, change


def default():
    layer = Layer()

    def rate(scale=1.0):
        return scale

    layer.rate = rate
    return layer, lambda: setattr(rate, "__defaults__", (LATER,))


def attribute_of_a_function():
    layer = Layer()

    def rate():
        return rate.scale

    rate.scale, layer.rate = 1.0, rate
    return layer, lambda: setattr(rate, "scale", LATER)


def global_variable():
    globals()["RATE"] = 1.0
    layer = Layer()
    layer.rate = lambda: RATE
    return layer, lambda: globals().update(RATE=LATER)


def object_in_a_global_variable():
    OBJECT.rate = 1.0
    layer = Layer()
    layer.rate = lambda: OBJECT.rate
    return layer, lambda: setattr(OBJECT, "rate", LATER)


def variable_of_another_module():
    changing_config.RATE = 1.0
    layer = Layer()
    layer.rate = lambda: changing_config.RATE
    return layer, lambda: setattr(changing_config, "RATE", LATER)


def new_variable_of_another_module():
    vars(changing_config).pop("NEW_RATE", None)
    layer = Layer()
    layer.rate = lambda: getattr(changing_config, "NEW_RATE", 1.0)
    return layer, lambda: setattr(changing_config, "NEW_RATE", LATER)


def function_in_place_of_a_built_in_one():
    layer, module = Layer(), types.ModuleType("made")
    exec("def rate(): return float(1)", vars(module))  # noqa: S102 - So that it has a module of its own.
    layer.rate = module.rate
    return layer, lambda: setattr(module, "float", lambda _: LATER)


def variable_that_a_function_imports():
    layer, module = Layer(), types.ModuleType("made.layers")
    module.__package__ = "made"
    config = sys.modules["made.config"] = types.ModuleType("made.config")
    sys.modules["made"] = types.ModuleType("made")
    config.RATE = 1.0
    exec("def rate():\n    from .config import RATE\n    return RATE", vars(module))  # noqa: S102 - See above.
    layer.rate = module.rate
    return layer, lambda: setattr(config, "RATE", LATER)


def computed_variable_of_a_module():
    layer, module, settings = Layer(), types.ModuleType("made"), {"scale": 1.0}
    module.__getattr__ = lambda name: settings["scale"]
    layer.rate = lambda: module.RATE
    return layer, lambda: settings.update(scale=LATER)


def variable_of_a_called_function():
    changing_config.RATE = 1.0
    layer = Layer()
    layer.rate = lambda: changing_config.scaled(1.0)
    return layer, lambda: setattr(changing_config, "RATE", LATER)


def attribute_of_the_class():
    class Own(Layer):
        scale = 1.0

        def rate(self):
            return self.scale

    return Own(), lambda: setattr(Own, "scale", LATER)


def attribute_of_a_base_class():
    class Base(Layer):
        scale = 1.0

    class Own(Base):
        def rate(self):
            return type(self).scale

    return Own(), lambda: setattr(Base, "scale", LATER)


def base_classes():
    class Base(Layer):
        def rate(self):
            return LATER

    class Own(Layer):
        def rate(self):
            return 1.0

    class Last(Own):
        pass

    return Last(), lambda: setattr(Last, "__bases__", (Base,))


def attribute_of_the_metaclass():
    class Meta(type):
        scale = 1.0

    class Own(Layer, metaclass=Meta):
        def rate(self):
            return type(self).scale

    return Own(), lambda: setattr(Meta, "scale", LATER)


def property_of_the_class():
    settings = {"scale": 1.0}

    class Own(Layer):
        @property
        def scale(self):
            return settings["scale"]

        def rate(self):
            return self.scale

    return Own(), lambda: settings.update(scale=LATER)


def decorated_method():
    settings = {"scale": 1.0}

    class Own(Layer):
        @torch.autocast("cpu", enabled=False)
        def rate(self):
            return settings["scale"]

    return Own(), lambda: settings.update(scale=LATER)


def method_by_name():
    settings = {"scale": 1.0}

    class Own(Layer):
        def one(self):
            return settings["scale"]

        def rate(self):
            return getattr(self, "one")()  # noqa: B009 - The name is text.

    return Own(), lambda: settings.update(scale=LATER)


def method_of_the_class():
    class Own(Layer):
        def rate(self):
            return 1.0

    return Own(), lambda: setattr(Own, "rate", lambda self: LATER)


def method_of_the_object():
    class Own(Layer):
        def rate(self):
            return 1.0

    layer = Own()
    return layer, lambda: setattr(layer, "rate", lambda: LATER)


def another_class():
    class Own(Layer):
        def rate(self):
            return 1.0

    class Other(Own):
        def rate(self):
            return LATER

    layer = Own()
    return layer, lambda: setattr(layer, "__class__", Other)


def class_that_is_made():
    settings = {"scale": 1.0}

    class Made:
        def __init__(self):
            self.scale = settings["scale"]

    layer = Layer()
    layer.rate = lambda: Made().scale
    return layer, lambda: settings.update(scale=LATER)


def cached_function():
    settings = {"scale": 1.0}

    @functools.cache
    def rate():
        return settings["scale"]

    layer = Layer()
    layer.rate = lambda: rate()
    return layer, lambda: (settings.update(scale=LATER), rate.cache_clear())


def function_of_autograd():
    settings = {"scale": 1.0}

    class Scaling(torch.autograd.Function):
        @staticmethod
        def forward(ctx, rows):
            return rows.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient * settings["scale"]

    class Own(Layer):
        def forward(self, rows):
            return Scaling.apply(self.linear(rows))

    return Own(), lambda: settings.update(scale=LATER)


def buffer():
    layer = Layer()
    layer.register_buffer("scale", torch.ones(()))
    layer.rate = lambda: layer.scale
    return layer, lambda: layer.scale.fill_(LATER)


def other_buffer():
    layer, _ = buffer()
    return layer, lambda: setattr(layer, "scale", torch.full((), LATER))


def shape_of_a_buffer():
    layer = Layer()
    layer.register_buffer("scale", torch.ones(1))
    layer.rate = lambda: float(layer.scale.shape[0])
    return layer, lambda: layer.scale.resize_(2)


def type_of_a_buffer():
    layer = Layer()
    layer.register_buffer("scale", torch.ones(()))
    layer.rate = lambda: 1.0 if layer.scale.dtype == torch.float32 else LATER
    return layer, lambda: setattr(layer.scale, "data", layer.scale.double())


def tensor_that_was_a_view():
    layer = Layer()
    layer.one = torch.ones(3)
    layer.other = layer.one.view(3)
    layer.rate = lambda: 2 * layer.one.view(1, 3).view(3) - layer.other.view(1, 3).view(3)
    return layer, lambda: setattr(layer.other, "data", torch.zeros(3))


def tensor_in_a_list():
    layer = Layer()
    layer.scale = [torch.ones(())]
    layer.rate = lambda: layer.scale[0]
    return layer, lambda: layer.scale[0].fill_(LATER)


def tensor_in_a_global_variable():
    scale = torch.ones(())
    layer = Layer()
    layer.rate = lambda: scale * 1
    return layer, lambda: scale.fill_(LATER)


def weight_norm():
    layer = Layer()
    layer.rate = lambda: 1.0
    return layer, lambda: nn.utils.parametrizations.weight_norm(layer.linear)


def spectral_norm():
    layer = Layer()
    layer.rate = lambda: 1.0
    return layer, lambda: nn.utils.parametrizations.spectral_norm(layer.linear)


def hook():
    layer = Layer()
    layer.rate = lambda: 1.0
    return layer, lambda: layer.linear.register_forward_hook(lambda module, inputs, outputs: outputs * LATER)


def hook_of_a_tensor():
    layer = Layer()
    layer.rate = lambda: 1.0
    return layer, lambda: layer.linear.weight.register_hook(lambda gradient: gradient * LATER)


NOTICED = [
    *(
        attribute,
        inside_lists,
        key,
        member,
        queue,
        slots,
        attribute_of_a_number,
        attribute_of_a_list,
        partial,
        reference,
    ),
    *(attribute_of_a_parameter, bound_method, enclosing_variable, default, attribute_of_a_function, global_variable),
    *(object_in_a_global_variable, variable_of_another_module, variable_of_a_called_function, attribute_of_the_class),
    *(attribute_of_a_base_class, property_of_the_class, decorated_method, method_by_name, method_of_the_class),
    *(
        method_of_the_object,
        another_class,
        class_that_is_made,
        cached_function,
        function_of_autograd,
        other_buffer,
        weight_norm,
        moved_from_list_to_list,
        class_of_a_list,
        slot_of_a_table,
        attribute_of_a_key,
        default_factory,
        new_variable_of_another_module,
        function_in_place_of_a_built_in_one,
        variable_that_a_function_imports,
        computed_variable_of_a_module,
        base_classes,
        attribute_of_the_metaclass,
    ),
    *(spectral_norm, hook, hook_of_a_tensor),
]


@pytest.mark.parametrize("make", NOTICED)
def test_a_change_between_two_steps_is_noticed(make):
    counts = both_ways(make)
    assert counts.traced >= CHANGED_AT - FIRST
    assert counts.reasons[0].startswith("a change of ")


@pytest.mark.parametrize("make", [shape_of_a_buffer, type_of_a_buffer])
def test_a_change_of_a_tensor_by_a_wrapper_is_noticed(make):
    counts = both_ways(make, is_wrapped=True)
    assert counts.traced >= CHANGED_AT - FIRST
    assert counts.reasons == ["a change of the shape of a parameter required a new trace"]


@pytest.mark.parametrize("make", [buffer, tensor_in_a_list, tensor_in_a_global_variable, tensor_that_was_a_view])
def test_values_of_tensors_are_inputs_of_the_trace(make):
    counts = both_ways(make)
    assert (counts.traced, counts.reasons) == (STEPS - FIRST, [])


# --- What changes in a way that cannot be noticed, so that the layers compute each step. -------------------------------


def array():
    layer = Layer()
    layer.scale = numpy.ones(1)
    layer.rate = lambda: float(layer.scale[0])
    return layer, lambda: layer.scale.fill(LATER)


def array_in_a_global_variable():
    scale = numpy.ones(1)
    layer = Layer()
    layer.rate = lambda: float(scale[0])
    return layer, lambda: scale.fill(LATER)


class Array(numpy.ndarray):
    """An array with attributes."""


def array_with_attributes():
    layer = Layer()
    layer.scale = numpy.ones(1).view(Array)
    layer.rate = lambda: float(layer.scale[0])
    return layer, lambda: layer.scale.fill(LATER)


def buffer_in_numpy():
    layer, change = buffer()
    layer.rate = lambda: float(layer.scale.numpy())
    return layer, change


def buffer_as_list():
    layer, change = buffer()
    layer.rate = lambda: layer.scale.tolist()
    return layer, change


def buffer_of_indices():
    layer = Layer()
    layer.register_buffer("ends", torch.tensor([1]))
    layer.rate = lambda: layer.linear.bias.tensor_split(layer.ends)[0].sum()
    return layer, lambda: layer.ends.fill_(2)


def function_that_takes_indices(split=torch.tensor_split):
    layer = Layer()
    layer.ends = torch.tensor([1])
    layer.rate = lambda: split(layer.linear.bias, layer.ends)[0].sum()
    return layer, lambda: layer.ends.fill_(2)


def count_of_changes():
    layer, change = buffer()
    kept = layer.scale._version
    layer.rate = lambda: 1.0 if layer.scale._version == kept else LATER
    return layer, change


def context_variable():
    scale = contextvars.ContextVar("scale", default=1.0)
    layer = Layer()
    layer.rate = scale.get
    return layer, lambda: scale.set(LATER)


def environment():
    os.environ["HOOKLINE_TEST_RATE"] = "1"
    layer = Layer()
    layer.rate = lambda: float(os.environ["HOOKLINE_TEST_RATE"])
    return layer, lambda: os.environ.update(HOOKLINE_TEST_RATE=str(LATER))


def read_file(path=os.devnull):
    with open(path) as file:  # noqa: PTH123 - A layer may read a file in this way.
        return float(file.read() or "1")


def file():
    layer = Layer()
    layer.rate = read_file
    return layer, lambda: None


CLOCK = types.SimpleNamespace(now=0)


def clock():
    CLOCK.now = 0
    layer = Layer()
    layer.rate = lambda: 1.0 + (time.monotonic() < CLOCK.now)
    return layer, lambda: setattr(CLOCK, "now", float("inf"))


def generator():
    layer = Layer()
    layer.values = (1.0 if step < CHANGED_AT else LATER for step in itertools.count())
    layer.rate = lambda: next(layer.values)
    return layer, lambda: None


def iterator():
    layer = Layer()
    values = iter([1.0] * CHANGED_AT + [LATER] * STEPS)
    layer.rate = lambda: next(values)
    return layer, lambda: None


def counter():
    layer = Layer()
    layer.rate = lambda steps: 1.0 if next(steps) < CHANGED_AT else LATER
    layer.rate.__defaults__ = (itertools.count(),)
    return layer, lambda: None


def method_of_a_counter():
    layer, steps = Layer(), itertools.count().__next__
    layer.rate = lambda: 1.0 if steps() < CHANGED_AT else LATER
    return layer, lambda: None


def generator_of_random_numbers():
    layer = Layer()
    layer.draw = random.Random(0)  # noqa: S311 - Not for cryptography.
    layer.rate = lambda: 1.0 if layer.draw.random() < 0.9 else LATER
    return layer, lambda: None


def generator_of_numpy():
    layer = Layer()
    layer.draw = numpy.random.default_rng(0)
    layer.rate = lambda: 1.0 if layer.draw.random() < 0.9 else LATER
    return layer, lambda: None


def counting():
    class Own(Layer):
        steps = 0

        def rate(self):
            type(self).steps += 1
            return 1.0 if self.steps <= CHANGED_AT else LATER

    return Own(), lambda: None


def counting_in_a_global_variable():
    globals()["RATE"] = 0
    layer = Layer()

    def rate():
        global RATE
        RATE += 1
        return 1.0 if RATE <= CHANGED_AT else LATER

    layer.rate = rate
    return layer, lambda: None


def counting_in_an_enclosing_variable():
    layer, steps = Layer(), 0

    def rate():
        nonlocal steps
        steps += 1
        return 1.0 if steps <= CHANGED_AT else LATER

    layer.rate = rate
    return layer, lambda: None


def seeding():
    layer = Layer()

    def rate():
        torch.manual_seed(3)
        return 1.0

    layer.rate = rate
    return layer, lambda: torch.rand(1)


def compiled():
    layer = Layer()
    layer.rate = lambda: 1.0
    layer.linear = torch.compile(layer.linear, backend="eager")
    return layer, lambda: layer.linear.weight.data.fill_(LATER)


UNWATCHED = {
    array: "Layer.scale is of type ndarray, in which changes cannot be noticed",
    array_in_a_global_variable: "Layer.rate.scale is of type ndarray, in which changes cannot be noticed",
    array_with_attributes: "Layer.scale is of type Array, in which changes cannot be noticed",
    buffer_in_numpy: "`numpy` looks at the values of a tensor",
    buffer_as_list: "`tolist` looks at the values of a tensor",
    buffer_of_indices: "`tensor_split` looks at the values of a tensor",
    function_that_takes_indices: "`tensor_split` may look at the values of a tensor",
    count_of_changes: "`_version` looks at the values of a tensor",
    context_variable: "Layer.rate is of type ContextVar, in which changes cannot be noticed",
    environment: "Layer.rate uses the module os, so it may depend on more than the layers",
    file: "Layer.rate uses `open`, so it may depend on more than the layers",
    clock: "Layer.rate uses the module time, so it may depend on more than the layers",
    generator: "Layer.values is of type generator, in which changes cannot be noticed",
    iterator: "Layer.rate.values is of type list_iterator, in which changes cannot be noticed",
    counter: "Layer.rate is of type count, in which changes cannot be noticed",
    method_of_a_counter: "Layer.rate.steps is of type count, in which changes cannot be noticed",
    generator_of_random_numbers: "Layer.draw is of type Random, in which changes cannot be noticed",
    generator_of_numpy: "Layer.draw is of type Generator, in which changes cannot be noticed",
    counting: "a step changes Own",
    counting_in_a_global_variable: f"a step changes {__name__}",
    counting_in_an_enclosing_variable: "a step changes Layer.rate",
    compiled: "Layer.linear is compiled",
    seeding: "Layer.rate calls `manual_seed`, which sets the state of a generator",
}


@pytest.mark.parametrize("make", UNWATCHED)
def test_what_cannot_be_watched_is_computed_by_the_layers(make):
    counts = both_ways(make)
    assert (counts.traced, counts.reasons) == (0, [UNWATCHED[make]])


# --- Settings of torch that change, or something that observes what is computed. ---------------------------------------


@contextlib.contextmanager
def kept(get, put, value=True):  # noqa: FBT002 - As a function of torch takes it.
    before = get()
    put(value)
    try:
        yield
    finally:
        put(before)


@contextlib.contextmanager
def hook_of_all_modules():
    handle = nn.modules.module.register_module_forward_hook(lambda module, inputs, outputs: outputs * LATER)
    try:
        yield
    finally:
        handle.remove()


class Attending(nn.Module):
    """Attention, whose kernel is a setting of torch."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, rows):
        """Apply it to the rows."""
        rows = self.linear(rows)[None, None]
        return nn.functional.scaled_dot_product_attention(rows, rows, rows)[0, 0]


AROUND = {
    "autocast": (Layer, lambda: torch.autocast("cpu", dtype=torch.bfloat16)),
    "threads": (Layer, lambda: kept(torch.get_num_threads, torch.set_num_threads, 2)),
    "deterministic": (
        Layer,
        lambda: kept(torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    ),
    "kernel of attention": (Attending, lambda: nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH)),
    "hooks of all modules": (Layer, hook_of_all_modules),
    "hooks of saved tensors": (
        Layer,
        lambda: torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor * LATER, lambda tensor: tensor),
    ),
    "anomalies": (Layer, lambda: torch.autograd.detect_anomaly(check_nan=False)),
}


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
@pytest.mark.parametrize("case", AROUND)
def test_settings_and_observers_are_noticed(case):
    kind, around = AROUND[case]

    def make():
        layer = kind()
        layer.rate = lambda: 1.0
        return layer, lambda: None

    counts = both_ways(make, around)
    assert CHANGED_AT - FIRST <= counts.traced < STEPS - FIRST


class Table(dict):
    """A dictionary that fails while another thread changes it."""

    fails = False

    def values(self):
        """Return the values."""
        if self.fails:
            raise RuntimeError("dictionary changed size during iteration")
        return super().values()


def test_what_cannot_be_read_any_more_counts_as_changed():
    layer = nn.Linear(2, 2)
    layer.table = Table(a=1.0)
    watched = Watched([layer], None, Objective.of(LossSpec()))
    assert watched.is_unchanged()
    layer.table.fails = True
    assert not watched.is_unchanged()
    assert watched.change() == "Linear.table"

"""The models and embeddings equal the packages of their authors, with the same weights."""

import warnings

import pytest
import torch

import hookline
from hookline.data import Batch, Data, TensorBatches, input_groups
from hookline.plugins.manager import Plugins

rtdl = pytest.importorskip("rtdl_revisiting_models")
embeddings = pytest.importorskip("rtdl_num_embeddings")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    tabm = pytest.importorskip("tabm")

KINDS = {kind.__name__: kind for kind in Plugins().catalog}
ROWS, CARDINALITIES = 200, (3, 12)
FEW_ROWS = 24
"""For models with wide layers, whose time grows with the rows."""


pytestmark = pytest.mark.usefixtures("in_float64")


def numbers(rows=ROWS):
    return torch.randn(rows, 5)


def categories(rows=ROWS):
    return torch.stack([torch.randint(0, count, (rows,)) for count in CARDINALITIES], dim=1)


def built(name, *inputs, **options):
    """The module of a component for groups of these inputs, with the number of categories of those with indices."""
    named = {f"group{index}": rows for index, rows in enumerate(inputs)}
    known = {name: {"cardinalities": CARDINALITIES} for name, rows in named.items() if not rows.is_floating_point()}
    rows = TensorBatches(named, batch_size=32)
    data = Data(training=rows, example=rows.all.slice(0, 2), targets={}, preparation=known)
    example = Batch(named).slice(0, 1).inputs.values()
    module, _ = hookline.training.build_and_apply(KINDS[name](**options), *example, groups=input_groups(data))
    return module


def with_weights_of(module, theirs):
    """Copy the weights into the module, which has the same parameters under the same names."""
    module.load_state_dict(theirs.state_dict(), strict=True)
    for parameter in theirs.parameters():  # Many begin with zeros or ones.
        parameter.data.normal_()
    module.load_state_dict(theirs.state_dict(), strict=True)
    return module


def assert_equal(module, theirs, inputs, their_inputs=None):
    """Compare outputs in both modes, and the gradients of all parameters."""
    for mode in (False, True):
        module.train(mode), theirs.train(mode)
        torch.manual_seed(1)
        ours = module(*inputs)
        torch.manual_seed(1)
        expected = theirs(*(inputs if their_inputs is None else their_inputs))
        torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-12 * float(expected.detach().abs().max()))
    ours.square().mean().backward()
    expected.square().mean().backward()
    gradients = {name: parameter.grad for name, parameter in module.named_parameters()}
    scale = max(float(parameter.grad.abs().max()) for parameter in theirs.parameters())
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-9, atol=1e-12 * scale)


def one_hot(x_num, x_cat):
    encoded = [torch.nn.functional.one_hot(column, count) for column, count in zip(x_cat.T, CARDINALITIES, strict=True)]
    return torch.cat([x_num, *encoded], dim=1)


def test_mlp():
    inputs = numbers(), categories()
    ours = built("MLP", *inputs, d_out=3)
    theirs = rtdl.MLP(d_in=5 + sum(CARDINALITIES), d_out=3, n_blocks=2, d_block=384, dropout=0.1)
    assert_equal(with_weights_of(ours, theirs), theirs, inputs, [one_hot(*inputs)])


def test_resnet():
    inputs = numbers(), categories()
    ours = built("ResNet", *inputs, d_out=3)
    theirs = rtdl.ResNet(
        d_in=5 + sum(CARDINALITIES),
        d_out=3,
        n_blocks=2,
        d_block=192,
        d_hidden_multiplier=2.0,
        dropout1=0.15,
        dropout2=0.0,
    )
    assert_equal(with_weights_of(ours, theirs), theirs, inputs, [one_hot(*inputs)])


@pytest.mark.parametrize("n_blocks", [1, 3])
@pytest.mark.parametrize("which", ["both", "numbers", "categories"])
def test_ft_transformer_with_its_default_options(which, n_blocks):
    x_num, x_cat = numbers(FEW_ROWS), categories(FEW_ROWS)
    given = {"both": (x_num, x_cat), "numbers": (x_num,), "categories": (x_cat,)}[which]
    options = rtdl.FTTransformer.get_default_kwargs(n_blocks)
    theirs = rtdl.FTTransformer(
        n_cont_features=0 if which == "categories" else 5,
        cat_cardinalities=[] if which == "numbers" else list(CARDINALITIES),
        d_out=3,
        **options,
    )
    ours = built("FTTransformer", *given, d_out=3, n_blocks=n_blocks)
    their_inputs = (None if which == "categories" else x_num, None if which == "numbers" else x_cat)
    with_weights_of(ours, theirs)
    # Dropout masks have other shapes, because only the token of the row is computed in the last block.
    ours.eval(), theirs.eval()
    ours.train = theirs.train = lambda mode: None
    assert_equal(ours, theirs, given, their_inputs)


@pytest.mark.parametrize("sharing", ["headwise", "key-value"])
def test_ft_transformer_with_fewer_keys_and_values_and_relu(sharing):
    x_num = numbers()
    options = {
        "n_blocks": 2,
        "d_block": 16,
        "attention_n_heads": 4,
        "attention_dropout": 0.0,
        "ffn_d_hidden": 24,
        "ffn_dropout": 0.0,
        "ffn_activation": "ReLU",
        "linformer_kv_compression_ratio": 0.5,
        "linformer_kv_compression_sharing": sharing,
        "d_out": 2,
    }
    theirs = rtdl.FTTransformer(
        n_cont_features=5, cat_cardinalities=[], ffn_d_hidden_multiplier=None, residual_dropout=0.0, **options
    )
    assert_equal(with_weights_of(built("FTTransformer", x_num, **options), theirs), theirs, [x_num], [x_num, None])


ARCHITECTURES = ["tabm", "tabm-mini", "tabm-packed"]
NARROW = {"k": 4, "d_block": 16}


@pytest.mark.parametrize("arch_type", ARCHITECTURES)
@pytest.mark.parametrize("is_embedded", [False, True])
@pytest.mark.parametrize("has_categories", [False, True])
def test_tabm_with_each_kind_of_input(arch_type, is_embedded, has_categories):
    assert_equal(*both_tabm(arch_type, is_embedded, has_categories, **NARROW))


@pytest.mark.parametrize("arch_type", ARCHITECTURES)
def test_tabm_with_its_default_options(arch_type):
    assert_equal(*both_tabm(arch_type, is_embedded=True, has_categories=True))


def both_tabm(arch_type, is_embedded, has_categories, **options):
    """Our TabM and theirs with the same weights, and inputs for them."""
    given = (numbers(FEW_ROWS), categories(FEW_ROWS)) if has_categories else (numbers(FEW_ROWS),)
    theirs = tabm.TabM.make(
        n_num_features=5,
        cat_cardinalities=list(CARDINALITIES) if has_categories else [],
        d_out=3,
        arch_type=arch_type,
        num_embeddings=embeddings.PeriodicEmbeddings(5, lite=False) if is_embedded else None,
        **options,
    )
    embedded = {"num_embeddings": KINDS["PeriodicEmbeddings"]()} if is_embedded else {}
    ours = built("TabM", *given, d_out=3, arch_type=arch_type, **embedded, **options)
    for parameter in theirs.parameters():
        parameter.data.normal_(std=0.1)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return ours, theirs, given


@pytest.mark.parametrize(
    ("arch_type", "name"), [("tabm", "backbone.blocks.0.0.r"), ("tabm-mini", "backbone.affine.weight")]
)
def test_the_first_factors_of_tabm_are_equal_within_a_column(arch_type, name):
    given = numbers(), categories()
    embedding = KINDS["LinearReLUEmbeddings"](d_embedding=4)
    signs = built("TabM", *given, arch_type=arch_type).state_dict()[name]
    assert signs.abs().eq(1).all()
    assert signs.shape == (32, 5 + sum(CARDINALITIES))
    normal = built("TabM", *given, arch_type=arch_type, num_embeddings=embedding).state_dict()[name]
    columns = normal.split([*[4] * 5, *CARDINALITIES], dim=1)
    assert all((column == column[:, :1]).all() for column in columns)
    assert torch.stack([column[:, 0] for column in columns]).unique().numel() == 7 * 32


@pytest.mark.parametrize("version", ["A", "B"])
@pytest.mark.parametrize("activation", [False, True])
def test_piecewise_linear_embeddings(version, activation):
    x_num = numbers()
    bins = embeddings.compute_bins(x_num, 48)
    theirs = embeddings.PiecewiseLinearEmbeddings(bins, 16, activation=activation, version=version)
    ours = built("PiecewiseLinearEmbeddings", x_num, version=version, activation=activation)
    assert torch.equal(ours.impl.weight, theirs.impl.weight)
    assert torch.equal(ours.impl.bias, theirs.impl.bias)
    for parameter in theirs.parameters():
        parameter.data.normal_()
    ours.load_state_dict({"impl.single_bin_mask": ours.impl.single_bin_mask, **theirs.state_dict()}, strict=True)
    assert_equal(ours, theirs, [3 * torch.randn(50, 5)])


def test_columns_with_different_numbers_of_bins_are_encoded_alike():
    x_num = torch.stack([torch.randn(ROWS), torch.randint(0, 2, (ROWS,)).float(), torch.arange(ROWS) % 5 * 1.0], dim=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = embeddings.PiecewiseLinearEmbeddings(
            embeddings.compute_bins(x_num, 8), 16, activation=False, version="B"
        )
    ours = built("PiecewiseLinearEmbeddings", x_num, n_bins=8)
    new = 4 * torch.randn(50, 3)
    assert ours.impl.single_bin_mask.flatten().tolist() == [False, True, False]
    assert torch.equal(ours.impl(new), theirs.impl(new))


def test_a_column_with_one_value_has_no_bin():
    ours = built("PiecewiseLinearEmbeddings", torch.cat([numbers(), torch.full((ROWS, 1), 7.0)], dim=1))
    assert torch.equal(ours.impl(torch.full((2, 6), 7.0))[:, 5], torch.zeros(2, 48))


@pytest.mark.parametrize(
    "options", [{}, {"lite": True}, {"activation": False, "n_frequencies": 7, "frequency_init_scale": 2.0}]
)
def test_periodic_embeddings(options):
    x_num = numbers()
    theirs = embeddings.PeriodicEmbeddings(5, **{"lite": False, **options})
    assert_equal(with_weights_of(built("PeriodicEmbeddings", x_num, **options), theirs), theirs, [x_num])


def test_linear_and_categorical_embeddings():
    x_num, x_cat = numbers(), categories()
    for name, options, theirs in (
        ("LinearEmbeddings", {"d_embedding": 6}, embeddings.LinearEmbeddings(5, 6)),
        ("LinearReLUEmbeddings", {}, embeddings.LinearReLUEmbeddings(5)),
    ):
        assert_equal(with_weights_of(built(name, x_num, **options), theirs), theirs, [x_num])
    theirs = rtdl.CategoricalEmbeddings(list(CARDINALITIES), 6)
    assert_equal(with_weights_of(built("CategoricalEmbeddings", x_cat, d_embedding=6), theirs), theirs, [x_cat])

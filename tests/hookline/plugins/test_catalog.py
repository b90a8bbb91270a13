import pytest
from attrs import frozen

from hookline.errors import PluginError
from hookline.plugins.catalog import Catalog, is_family
from hookline.plugins.components import Components
from hookline.plugins.origin import Origin
from hookline.spec import CallbackSpec, LayerSpec, LossSpec, ModelSpec, Spec, spec

MINE, YOURS = Origin("mine"), Origin("yours", distribution="hookline-yours", known_version="1.2")


@spec
class FocalLoss(LossSpec):
    """A loss."""


@spec
class Attention(LayerSpec):
    """A layer."""


@spec
class Transformer(ModelSpec):
    """A model that is not a layer."""


@spec
class Watching(CallbackSpec):
    """A callback."""


class Undecorated(LossSpec):
    """A class without the decorator."""

    gamma: float = 1.0


@frozen(kw_only=True)
class ByAttrs(LossSpec):
    """A class made by attrs."""


class Family(Spec):
    """A third-party family."""

    __slots__ = ()
    family = "scheduler"


@spec
class Cosine(Family):
    """A component of this family."""


@pytest.fixture
def catalog():
    made = Catalog()
    made.add([FocalLoss, Attention, Transformer, Watching], MINE)
    return made


def same_name(base):
    return spec(type("FocalLoss", (base,), {"__doc__": "Of the same name."}))


@pytest.mark.parametrize(
    ("kind", "is_one"),
    [(LossSpec, True), (ModelSpec, True), (LayerSpec, True), (Family, True), (FocalLoss, False), (Spec, False)],
)
def test_a_family_is_the_class_that_names_it(kind, is_one):
    assert is_family(kind) is is_one


@pytest.mark.parametrize("kind", [3, "LossSpec", int, LossSpec | None, None])
def test_only_spec_classes_are_families(kind):
    assert is_family(kind) is False


def test_a_component_is_found_by_its_name(catalog):
    assert catalog.find(LossSpec, "FocalLoss") is FocalLoss


def test_a_catalog_lists_all_of_its_components_in_order(catalog):
    assert list(catalog) == [FocalLoss, Attention, Transformer, Watching]


def test_a_catalog_knows_the_plugin_of_a_component(catalog):
    catalog.add([Cosine], YOURS)
    assert (catalog.plugin(FocalLoss), catalog.plugin(Cosine)) == (MINE, YOURS)


def test_a_layer_can_be_used_as_a_model(catalog):
    assert catalog.family(ModelSpec) == {"Attention": Attention, "Transformer": Transformer}


def test_a_model_that_is_not_a_layer_cannot_be_used_as_one(catalog):
    assert catalog.family(LayerSpec) == {"Attention": Attention}


def test_a_plugin_can_add_its_own_family(catalog):
    catalog.add([Cosine], MINE)
    assert catalog.family(Family) == {"Cosine": Cosine}


def test_a_class_made_by_attrs_is_accepted(catalog):
    catalog.add([ByAttrs], MINE)
    assert catalog.find(LossSpec, "ByAttrs") is ByAttrs


OWN = "If it is in a file of your own, pass the file with `-p`."


@pytest.mark.parametrize(
    ("base", "name", "message"),
    [
        (LossSpec, "FocalLos", 'There is no loss called "FocalLos". Did you mean "FocalLoss"?'),
        (LossSpec, "focalloss", 'There is no loss called "focalloss". Did you mean "FocalLoss"?'),
        (LossSpec, "MSE", f'There is no loss called "MSE". Available: "FocalLoss". {OWN}'),
        (LossSpec, "Watching", 'There is no loss called "Watching". Watching belongs to the family "callback".'),
        (Family, "Cosine", f'There is no scheduler called "Cosine". {OWN}'),
    ],
)
def test_an_unknown_name_is_reported_with_a_suggestion_or_its_family(catalog, base, name, message):
    with pytest.raises(ValueError, match="There is no") as error:
        catalog.find(base, name)
    assert str(error.value) == message


@pytest.mark.parametrize("kind", [LossSpec, Spec, int, 3, FocalLoss()], ids=str)
def test_anything_but_a_component_class_is_rejected(catalog, kind):
    with pytest.raises(PluginError) as error:
        catalog.add([kind], MINE)
    assert str(error.value) == (
        f'The plugin "mine" registers {kind!r}, which is not a subclass of a family, such as LossSpec.'
    )


def test_a_class_without_the_decorator_is_rejected(catalog):
    with pytest.raises(PluginError) as error:
        catalog.add([Undecorated], MINE)
    assert str(error.value).startswith(
        'The plugin "mine" registers Undecorated, which is not decorated with @spec, so its options would be '
        f"ignored; add @spec above the class. ({__file__}, line "
    )


def test_components_of_a_family_with_the_same_name_are_distinguished_by_their_plugins(catalog):
    other = same_name(LossSpec)
    catalog.add([other], YOURS)
    with pytest.raises(ValueError, match="each have a loss") as error:
        catalog.find(LossSpec, "FocalLoss")
    assert str(error.value) == (
        'The plugins "mine" and "yours" (hookline-yours 1.2) each have a loss named FocalLoss: write "mine:FocalLoss" or '
        '"yours:FocalLoss".'
    )
    assert catalog.find(LossSpec, "mine:FocalLoss") is FocalLoss
    assert catalog.find(LossSpec, "yours:FocalLoss") is other
    assert catalog.family(LossSpec) == {"mine:FocalLoss": FocalLoss, "yours:FocalLoss": other}
    assert (catalog.name(FocalLoss), catalog.name(other), catalog.name(Attention)) == (
        "mine:FocalLoss",
        "yours:FocalLoss",
        "Attention",
    )


def test_a_component_can_always_be_qualified_with_its_plugin(catalog):
    assert catalog.find(LossSpec, "mine:FocalLoss") is FocalLoss
    assert catalog.name(FocalLoss) == "FocalLoss"


def test_a_component_qualified_with_another_plugin_is_reported_with_its_own(catalog):
    catalog.add([Cosine], YOURS)
    with pytest.raises(ValueError, match="There is no") as error:
        catalog.find(LossSpec, "yours:FocalLoss")
    assert str(error.value) == (
        'There is no loss called "yours:FocalLoss". FocalLoss belongs to the plugin "mine": write "mine:FocalLoss".'
    )


def test_an_unknown_name_is_reported_with_the_unlisted_plugins(catalog):
    catalog.not_listed = lambda: ["sharp", "soft"]
    with pytest.raises(ValueError, match="There is no") as error:
        catalog.find(LossSpec, "Sharpness")
    assert str(error.value) == (
        'There is no loss called "Sharpness". Installed, but not listed in `plugins`: "sharp" and "soft". Available: '
        '"FocalLoss".'
    )


def test_components_of_different_families_can_have_the_same_name(catalog):
    other = same_name(CallbackSpec)
    catalog.add([other], YOURS)
    assert (catalog.find(LossSpec, "FocalLoss"), catalog.find(CallbackSpec, "FocalLoss")) == (FocalLoss, other)


def test_components_of_a_mapping_are_loaded_when_they_are_named():
    loaded = []

    class Lazy(dict):
        def __getitem__(self, name):
            loaded.append(name)
            return super().__getitem__(name)

    catalog = Catalog()
    catalog.add(Lazy(FocalLoss=FocalLoss, Attention=Attention), MINE)
    assert loaded == []
    assert catalog.find(LossSpec, "FocalLoss") is catalog.find(LossSpec, "FocalLoss") is FocalLoss
    assert loaded == ["FocalLoss"]
    assert list(catalog) == [FocalLoss, Attention]
    assert catalog.plugin(Attention) == MINE


@pytest.mark.parametrize(
    ("components", "problem"),
    [
        ({"Focal": Undecorated}, "registers Undecorated, which is not decorated with @spec"),
        ({"Focal": 3}, "registers 3, which is not a subclass of a family"),
        (
            Components("no_such_package", {"losses": ["Focal"]}),
            "cannot load Focal: ModuleNotFoundError: No module named",
        ),
        (
            Components("hookline_losses", {"regression": ["Focal"]}),
            "cannot load Focal: AttributeError: module 'hookline_",
        ),
        ({"Focal": FocalLoss}, 'registers FocalLoss under another name, "Focal"'),
    ],
    ids=["by attrs", "no class", "no module", "no such name", "another name"],
)
def test_components_of_a_mapping_are_checked_when_they_are_loaded(components, problem):
    catalog = Catalog()
    catalog.add(components, MINE)
    with pytest.raises(PluginError) as error:
        catalog.find(LossSpec, "Focal")
    assert str(error.value).startswith(f'The plugin "mine" {problem}')

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import pytest
from attrs import fields

from hookline import TrainingSpec, hookimpl
from hookline.check.schema import schema
from hookline.cli.main import main
from hookline.plugins.catalog import is_family
from hookline.plugins.manager import Plugins
from hookline.spec import LossSpec, WrapperSpec, option, spec
from hookline.spec.training import SEVERAL
from hookline.spec.types import Array, is_form

ROOT = Path(__file__).parents[3]


@spec
class InnerLoss(LossSpec):
    """A loss within a component.

    More of it.
    """


@spec
class Everything(WrapperSpec):
    """A component with an option of each kind."""

    needed: int = option(minimum=1)
    """An integer that must be given."""
    flag: bool = True
    """True or false."""
    rate: float = option(default=0.5, above=0, below=1)
    """A number."""
    text: str = "x"
    """A string."""
    path: Path | None = None
    """A path."""
    mode: Literal["a", "b"] = "a"
    """One of two."""
    sizes: int | tuple[int, int] = option(default=(1, 2), minimum=0)
    """One or two."""
    names: tuple[str, ...] = ()
    """Several."""
    by_name: Mapping[str, float] = option(default={}, maximum=9)
    """Numbers by name."""
    infinite: float = option(default=float("inf"), infinite=True)
    """A number that JSON cannot write."""
    inner: LossSpec
    """A component."""
    inners: tuple[LossSpec, ...] = ()
    """Components."""


class Plugin:
    @hookimpl
    def register_specs(self):
        return [Everything, InnerLoss]


MADE = schema(Plugins((), [Plugin()]).catalog)


def test_the_schema_of_a_component_has_its_name_and_its_options_with_types_bounds_defaults_and_descriptions():
    assert MADE["definitions"]["callback.Everything"] == {
        "title": "Everything",
        "description": "A component with an option of each kind.",
        "type": "object",
        "properties": {
            "type": {"const": "Everything"},
            "needed": {"description": "An integer that must be given.", "type": "integer", "minimum": 1},
            "flag": {"description": "True or false.", "type": "boolean", "default": True},
            "rate": {
                "description": "A number.",
                "type": "number",
                "exclusiveMinimum": 0,
                "exclusiveMaximum": 1,
                "default": 0.5,
            },
            "text": {"description": "A string.", "type": "string", "default": "x"},
            "path": {"description": "A path.", "type": "string"},
            "mode": {"description": "One of two.", "enum": ["a", "b"], "default": "a"},
            "sizes": {
                "description": "One or two.",
                "anyOf": [
                    {"type": "integer", "minimum": 0},
                    {
                        "type": "array",
                        "items": [{"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 0}],
                        "minItems": 2,
                        "maxItems": 2,
                    },
                ],
                "default": [1, 2],
            },
            "names": {"description": "Several.", "type": "array", "items": {"type": "string"}, "default": []},
            "by_name": {
                "description": "Numbers by name.",
                "type": "object",
                "additionalProperties": {"type": "number", "maximum": 9},
                "default": {},
            },
            "infinite": {"description": "A number that JSON cannot write.", "type": ["number", "null"]},
            "inner": {"description": "A component.", "$ref": "#/definitions/loss"},
            "inners": {
                "description": "Components.",
                "type": "array",
                "items": {"$ref": "#/definitions/loss"},
                "default": [],
            },
        },
        "required": ["type", "needed", "inner"],
        "additionalProperties": False,
    }


def test_the_schema_of_a_family_is_one_of_its_components():
    assert {"$ref": "#/definitions/loss.InnerLoss"} in MADE["definitions"]["loss"]["oneOf"]
    assert MADE["definitions"]["loss"]["required"] == ["type"]
    layers, models = MADE["definitions"]["layer"]["oneOf"], MADE["definitions"]["model"]["oneOf"]
    assert [layer for layer in layers if layer not in models] == []


def test_the_schema_contains_all_components_that_a_spec_can_name():
    catalog = Plugins((), [Plugin()]).catalog
    defined = {name.partition(".")[2] for name in MADE["definitions"] if "." in name}
    assert {kind.__name__ for kind in catalog} == defined


def test_a_group_of_an_optimizer_has_the_options_of_this_optimizer():
    groups = MADE["definitions"]["optimizer.SGD"]["properties"]["groups"]["items"]["properties"]
    assert {"parameters", "layers", "dimensions", "lr", "momentum"} <= set(groups)
    assert "betas" not in groups


def test_a_spec_that_extends_another_may_omit_sections():
    assert set(MADE["properties"]) == {"extends", *(section.name for section in fields(TrainingSpec))}
    assert MADE["if"] == {"not": {"required": ["extends"]}}
    assert MADE["then"]["required"] == ["data", "model", "optimizer"]
    assert MADE["then"]["oneOf"] == [{"required": ["loss"]}, {"required": ["losses"]}]
    assert MADE["additionalProperties"] is False
    several = [name for name, section in MADE["then"]["properties"].items() if section == {"type": "array"}]
    assert tuple(several) == SEVERAL
    made_of = {section.name: section.type for section in fields(TrainingSpec) if is_form(Array, section.type)}
    assert {name for name, kind in made_of.items() if is_family(get_args(kind)[0])} == set(SEVERAL)


def test_every_reference_leads_somewhere():
    text = json.dumps(MADE)
    for name in {part.partition('"')[0] for part in text.split("#/definitions/")[1:]}:
        assert MADE["definitions"][name]


def test_the_committed_schema_is_that_of_the_built_in_plugins(capsys):
    """`hookline schema > specs/schema.json` makes it anew."""
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "specs" / "schema.json").read_text()


@pytest.mark.parametrize("path", sorted(ROOT.glob("specs/**/*.toml")), ids=lambda path: path.stem)
def test_every_shipped_spec_names_the_schema_in_its_first_line(path):
    first = path.read_text().splitlines()[0]
    assert first.startswith("#:schema ")
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == ROOT / "specs" / "schema.json"

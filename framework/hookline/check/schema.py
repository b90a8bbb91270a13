"""A JSON Schema of specs for editors, made from the attrs classes alone.

It is draft 7, which Taplo and Even Better TOML read: https://json-schema.org/draft-07. `hookline check` reports what a
schema cannot express: options that conflict, files that do not exist.
"""

import math
from collections.abc import Mapping
from typing import Any, get_args

from attrs import NOTHING, Attribute, fields

from hookline.check.toml.override import EXTENDS
from hookline.plugins.catalog import Catalog, is_family
from hookline.spec.docs import documentation
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.options import Bounds, Spec
from hookline.spec.simple_types import Schema
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.spec.types import option_type
from hookline.spec.words import article


def schema(catalog: Catalog) -> Schema:
    """The schema of specs that may name the components of a catalog."""
    return _Maker(catalog).root()


class _Maker:
    def __init__(self, catalog: Catalog):
        self.catalog = catalog
        self.definitions: Schema = {}

    def root(self) -> Schema:
        """The schema of a whole spec. A spec that extends another may omit sections."""
        options = self.object(TrainingSpec)
        properties = {name: self.in_extending(name, made) for name, made in options["properties"].items()}
        strict = {
            name: stricter
            for attribute in fields(TrainingSpec)
            if (stricter := _in_complete(attribute)) and (name := attribute.name)
        }
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "A spec of Hookline",
            "type": "object",
            "properties": {
                EXTENDS: {
                    "description": "Files that this one extends, relative to it: they set what this file does not.",
                    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
                },
                **properties,
            },
            "additionalProperties": False,
            "if": {"not": {"required": [EXTENDS]}},
            "then": {
                "required": options["required"],
                "properties": strict,
                "oneOf": [{"required": ["loss"]}, {"required": ["losses"]}],
            },
            "definitions": dict(sorted(self.definitions.items())),
        }

    def in_extending(self, name: str, made: Schema) -> Schema:
        """The schema of a section. In a spec that extends another, it may have changes only."""
        kind = next(attribute.type for attribute in fields(TrainingSpec) if attribute.name == name)
        if is_family(kind):
            changes = self.changes(kind)
        elif name in SEVERAL:
            base = get_args(kind)[0]
            change = {"anyOf": [{"$ref": f"#/definitions/{self.family(base)}"}, self.changes(base), {"const": False}]}
            changes = {"description": "Changes by name.", "type": "object", "additionalProperties": change}
        elif name == "losses":
            changes = {**made, "additionalProperties": self.changes(LossSpec)}
            changes.pop("description")
        else:
            return made
        description = made.pop("description", None)
        return {"description": description, "anyOf": [made, changes]}

    def changes(self, base: type[Spec]) -> Schema:
        """The schema of changes to a component whose `type` is set elsewhere."""
        kinds = self.catalog.family(base).values()
        options = {attribute.name for kind in kinds for attribute in fields(kind) if attribute.init}
        return {"description": "Changes.", "type": "object", "propertyNames": {"enum": sorted(options)}}

    def component(self, kind: type[Spec]) -> Schema:
        """The schema of a component with its `type`."""
        made = self.object(kind)
        return {
            **made,
            "properties": {"type": {"const": self.catalog.name(kind)}, **made["properties"]},
            "required": ["type", *made["required"]],
        }

    def object(self, kind: type[Spec]) -> Schema:
        """The schema of a table with the options of a class."""
        known = documentation(kind)
        described = {option.name: option for option in known.options}
        properties = {}
        for attribute in fields(kind):
            option = described[attribute.name]
            made = option_type(kind.option_type(attribute)).json_schema(Bounds.of(attribute), self.table)
            if option.description:
                made = {"description": option.description, **made}
            if not option.is_required and option.default is not None and _is_json(option.default):
                made["default"] = option.default
            properties[attribute.name] = made
        return {
            "title": kind.__name__,
            **({"description": known.summary} if known.summary else {}),
            "type": "object",
            "properties": properties,
            "required": [attribute.name for attribute in fields(kind) if attribute.default is NOTHING],
            "additionalProperties": False,
        }

    def table(self, kind: type[Spec]) -> Schema:
        """The schema of a component of a family, or of a table with the options of a class."""
        return {"$ref": f"#/definitions/{self.family(kind)}"} if is_family(kind) else self.object(kind)

    def family(self, base: type[Spec]) -> str:
        """The name of the definition of a family, which is added if it is missing."""
        name = _identifier(str(base.family))
        if name not in self.definitions:
            self.definitions[name] = {}  # It may contain itself.
            refs = []
            for name_in_specs, kind in sorted(self.catalog.family(base).items()):
                own = f"{_identifier(str(kind.family))}.{name_in_specs}"
                if own not in self.definitions:
                    self.definitions[own] = {}
                    self.definitions[own] = self.component(kind)
                refs.append({"$ref": f"#/definitions/{own}"})
            title = f"{article(str(base.family))} {base.family}".capitalize()
            self.definitions[name] = {"title": title, "type": "object", "required": ["type"], "oneOf": refs}
        return name


def _in_complete(section: "Attribute[Any]") -> Schema | None:
    """What a section must be in a spec that does not extend another."""
    if is_family(section.type):
        return {"required": ["type"]}
    if section.name == "losses":
        return {"minProperties": 1, "additionalProperties": {"required": ["type"]}}
    return {"type": "array"} if section.name in SEVERAL else None


def _identifier(family: str) -> str:
    return family.replace(" ", "-")


def _is_json(value: Any) -> bool:
    """Whether JSON has the value. It has only finite numbers."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_is_json, value.values()))
    return all(map(_is_json, value)) if isinstance(value, (list, tuple)) else True

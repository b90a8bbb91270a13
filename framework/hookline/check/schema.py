"""A JSON Schema of everything that a spec may say, for editors: made of the attrs classes alone.

It is of draft 7, which Taplo and Even Better TOML read: https://json-schema.org/draft-07. What a schema cannot say (how
options go together, which files are there) `hookline check` tells.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from attrs import NOTHING, Attribute, fields

from hookline.check.toml.override import EXTENDS
from hookline.plugins.catalog import Catalog, is_family
from hookline.spec.docs import documentation
from hookline.spec.families.loss import LossSpec
from hookline.spec.options import Bounds, Spec
from hookline.spec.training import SEVERAL, TrainingSpec
from hookline.spec.types import article, is_literal, is_mapping, is_tuple, is_union

Schema = dict[str, Any]

PRIMITIVES = {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string"}


def schema(catalog: Catalog) -> Schema:
    """The schema of specs that may name the components of a catalog."""
    return _Maker(catalog).root()


class _Maker:
    def __init__(self, catalog: Catalog):
        self.catalog = catalog
        self.definitions: Schema = {}

    def root(self) -> Schema:
        """The schema of a whole spec. One that extends another may leave out what that has."""
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
                    "description": "Files that this one extends, relative to it: what it does not say, they do.",
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
        """The schema of a section, which in a spec that extends another may be the changes of what that has."""
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
        """The schema of changes of a component, whose `type` is said elsewhere."""
        kinds = self.catalog.family(base).values()
        options = {attribute.name for kind in kinds for attribute in fields(kind) if attribute.init}
        return {"description": "Changes.", "type": "object", "propertyNames": {"enum": sorted(options)}}

    def component(self, kind: type[Spec]) -> Schema:
        """The schema of a component, with its name as the constant `type`."""
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
            made = self.option(kind.option_type(attribute), attribute)
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

    def option(self, kind: Any, attribute: "Attribute[Any]") -> Schema:
        """The schema of a value of this type, inside of the bounds of the option."""
        if is_union(kind):
            arms = [self.option(arm, attribute) for arm in get_args(kind) if arm is not NoneType]
            return arms[0] if len(arms) == 1 else {"anyOf": arms}
        if is_literal(kind):
            return {"enum": list(get_args(kind))}
        if is_tuple(kind):
            elements = get_args(kind)
            if elements[-1] is Ellipsis:
                return {"type": "array", "items": self.option(elements[0], attribute)}
            items = [self.option(element, attribute) for element in elements]
            return {"type": "array", "items": items, "minItems": len(items), "maxItems": len(items)}
        if is_mapping(kind):
            return {"type": "object", "additionalProperties": self.option(get_args(kind)[1], attribute)}
        if is_family(kind):
            return {"$ref": f"#/definitions/{self.family(kind)}"}
        if isinstance(kind, type) and issubclass(kind, Spec):
            return self.object(kind)
        bounds = Bounds.of(attribute)
        # JSON has no infinity: an editor takes one of TOML for null.
        infinite = kind is float and any(bound.infinite for bound in bounds)
        made: Schema = {"type": [PRIMITIVES[kind], "null"] if infinite else PRIMITIVES[kind]}
        return {**made, **_limits(bounds)} if kind in (int, float) else made

    def family(self, base: type[Spec]) -> str:
        """The name of the definition of a family, which is made if there is none."""
        name = _identifier(str(base.family))
        if name not in self.definitions:
            self.definitions[name] = {}  # It may hold itself.
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
    """What a section must be, beyond what it may be in a spec that extends another."""
    if is_family(section.type):
        return {"required": ["type"]}
    if section.name == "losses":
        return {"minProperties": 1, "additionalProperties": {"required": ["type"]}}
    return {"type": "array"} if section.name in SEVERAL else None


def _identifier(family: str) -> str:
    return family.replace(" ", "-")


def _limits(several: list[Bounds]) -> Schema:
    words = {"minimum": "minimum", "above": "exclusiveMinimum", "maximum": "maximum", "below": "exclusiveMaximum"}
    return {
        word: limit
        for bounds in several
        for name, word in words.items()
        if (limit := getattr(bounds, name)) is not None
    }


def _is_json(value: Any) -> bool:
    """Whether JSON can write the value: it has no numbers that are not finite."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(_is_json, value.values()))
    return all(map(_is_json, value)) if isinstance(value, (list, tuple)) else True

"""Turn a table into a component. Each option is read separately, so that all problems are reported at once."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from attrs import NOTHING, Attribute, fields
from cattrs import (
    AttributeValidationNote,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from hookline.check.problems import INVALID, HeaderError
from hookline.errors.exceptions import PluginError
from hookline.errors.failures import FAILURES, attributed_to
from hookline.errors.option_errors import InvalidValueError, OptionError
from hookline.errors.suggestions import nearest
from hookline.plugins.catalog import Catalog
from hookline.spec.options import Bounds, Spec, unused
from hookline.spec.words import found


def spec_hook(kind: type[Spec], converter: Converter) -> Callable[[Any, type], Spec]:
    """A cattrs hook for one spec class. It checks the type and bounds of each option, and refuses unknown ones."""
    options = {attribute.name: attribute for attribute in fields(kind) if attribute.init}

    def structure_option(value: Any, attribute: "Attribute[Any]") -> Any:
        made = converter.structure(value, kind.option_type(attribute))
        _refuse_not_finite(made, attribute)
        if attribute.validator is not None:
            try:
                with attributed_to(kind):
                    attribute.validator(kind, attribute, made)
            except ValueError:
                _check_elements(kind, attribute, made)  # Report all numbers that are out of bounds.
                raise
        return made

    def structure_table(value: Any, _: type) -> Spec:
        if not isinstance(value, dict):
            raise _no_table(value, "a table")
        made: dict[str, Any] = {}
        errors: list[Exception] = []
        for name, attribute in options.items():
            try:
                if name in value:
                    made[name] = structure_option(value[name], attribute)
                elif attribute.default is NOTHING:
                    raise KeyError(name)
            except (KeyError, *INVALID) as error:
                error.add_note(AttributeValidationNote(f"option {name}", name, attribute.type))
                errors.append(error.with_traceback(None))  # A traceback would keep every frame alive.
        # In the order of the text.
        errors += [ForbiddenExtraKeysError("", kind, {key}) for key in value if key not in options]
        if not errors:
            try:
                with attributed_to(kind):
                    component = kind(**made)
                errors += unused(component)
                if not errors:
                    return component
            except (ValueError, PluginError) as error:
                errors = _conflicts(kind, made) or [error]
        raise ClassValidationError("", errors, kind)

    return structure_table


def _conflicts(kind: type[Spec], options: Mapping[str, Any]) -> list[Exception]:
    """All conflicts between options that are valid individually; creating the component stops at the first one."""
    component = kind.__new__(kind)
    for attribute in fields(kind):
        object.__setattr__(component, attribute.name, options.get(attribute.name, attribute.default))
    found: list[Exception] = []
    try:
        found.extend(component.conflicts())
        found.extend(unused(component))
    except ValueError as error:
        found.append(error)
    except FAILURES:  # Its code failed in the same way when the component was created.
        return found
    return found


def _check_elements(kind: type[Spec], attribute: "Attribute[Any]", value: Any) -> None:
    """Report each number in an array or table that is out of bounds, at its own path."""
    errors = []
    elements = enumerate(value) if isinstance(value, tuple) else value.items() if isinstance(value, Mapping) else ()
    for index, element in elements:
        try:
            _check_elements(kind, attribute, element)
            for bounds in Bounds.of(attribute):
                bounds(kind, attribute, element)
        except (IterableValidationError, ValueError) as error:
            error.add_note(IterableValidationNote(f"element {index}", index, attribute.type))
            errors.append(error)
    if errors:
        raise IterableValidationError("", errors, kind)


def _refuse_not_finite(value: Any, attribute: "Attribute[Any]") -> None:
    """Raise a `ValueError` for `nan`, and for `inf` unless the bounds of the option allow it."""
    if isinstance(value, (tuple, dict)):
        for element in value.values() if isinstance(value, dict) else value:
            if not (isinstance(element, (float, str)) and element == element and element not in (math.inf, -math.inf)):
                _refuse_not_finite(element, attribute)
    elif isinstance(value, float) and not math.isfinite(value):
        may_be_infinite = any(bounds.infinite for bounds in Bounds.of(attribute))
        if math.isnan(value) or not may_be_infinite:
            raise InvalidValueError("out-of-bounds", f"This must be a finite number, not {value}.")


def component(value: Any, base: type[Spec], catalog: Catalog, converter: Converter) -> Spec:
    """A component: `type` names its class, and the rest of the table are its options."""
    if not isinstance(value, dict):
        name = catalog.meant(base, value) if isinstance(value, str) else None
        raise _no_table(value, "a table with a `type`", "" if name is None else f'Write {{ type = "{name}" }}.')
    options = dict(value)
    name = options.pop("type", None)
    if name is None:
        known = {attribute.name for kind in catalog.family(base).values() for attribute in fields(kind)}
        strange = [key for key, option in options.items() if key not in known and isinstance(option, str)]
        naming = (key for key in strange if options[key] in catalog.family(base))
        if (near := nearest("type", strange) or next(naming, None)) is not None:
            message = f'There is no option "{near}".'
            wrong_key = OptionError(near, message, on_key=True, id="unknown-key", help='Did you mean "type"?')
            raise _with_others(wrong_key, base, options.pop(near), options, catalog, converter)
        raise InvalidValueError("missing-type", f"The `type`, which names the {base.family}, is missing.")
    try:
        kind = catalog.find(base, converter.structure(name, str))
    except InvalidValueError as error:
        found = error.diagnostic
        wrong_type = OptionError("type", found.message, id=found.id, help=found.help)
        raise _with_others(wrong_type, base, name, options, catalog, converter) from None
    return converter.structure(options, kind)


def _no_table(value: Any, wanted: str, help_text: str = "") -> ValueError:
    """The error for a value that is not a table. For an array of tables, it suggests another header."""
    message = f"This must be {wanted}, but it is {found(value)}."
    if isinstance(value, list) and value and all(isinstance(element, dict) for element in value):
        return HeaderError(message, are_several=False)
    return InvalidValueError("wrong-type", message, help_text)


def _with_others(
    error: OptionError, base: type[Spec], name: Any, options: dict[str, Any], catalog: Catalog, converter: Converter
) -> Exception:
    """Return the error of a `type` together with the errors of the options of the type that was probably meant.

    If that type is a guess, missing options are not reported.
    """
    if not isinstance(name, str):
        return error
    is_known = catalog.get(base, name) is not None or catalog.translated(base, name) is not None
    meant = name if catalog.get(base, name) is not None else catalog.meant(base, name)
    if meant is None or not (options or is_known):
        return error  # There are no options to check, and none is missing from a guess.
    try:
        kind = catalog.find(base, meant)
    except ValueError:
        return error  # Several plugins provide this type.
    errors: list[Exception] = [error]
    try:
        converter.structure(options, kind)
    except ClassValidationError as others:
        errors += [other for other in others.exceptions if is_known or not isinstance(other, KeyError)]
    except INVALID:
        return error
    return ClassValidationError("", errors, kind)

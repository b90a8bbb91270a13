"""From a document to a spec: cattrs makes attrs classes of tables, strictly, and every problem is found at once.

Nothing is converted, except that an integer is accepted where a float is wanted. Names of types are looked up in the
catalog and nowhere else.
"""

import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import Any, get_args

from attrs import NOTHING, Attribute, fields, has
from cattrs import (
    AttributeValidationNote,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)

from hookline.catalog import Catalog, is_family
from hookline.documents import Document
from hookline.errors import OptionError, Problem, SpecError
from hookline.failures import blamed
from hookline.kinds import PRIMITIVES, accepts, found, is_literal, is_mapping, is_tuple, is_union, wrong
from hookline.options import Bounds, Spec, assembled
from hookline.suggestions import MissingOption, MissingType, Unclear, UnknownOption, told
from hookline.training_spec import SEVERAL, TrainingSpec, conflicts
from hookline.trees import PathText
from hookline.wording import PathElement, dotted, nearest

Keys = tuple[PathElement, ...]

INVALID = (ClassValidationError, IterableValidationError, ValueError)
"""What is raised for a value that is wrong: by hooks, and by cattrs for what is inside of it."""


class Reader:
    """Reads documents whose names are those of a catalog. What it learns of a class serves all documents."""

    def __init__(self, catalog: Catalog):
        self.catalog = catalog
        self._directory = Path()
        self._converter = strict_converter(catalog, lambda: self._directory)

    def read(self, document: Document) -> TrainingSpec:
        """The spec that a document says.

        Raises:
            SpecError: with all problems of the document.

        """
        sections, problems = self.sections(document)
        if problems:
            raise SpecError(problems, document.source.name)
        return TrainingSpec(**sections)

    def sections(self, document: Document) -> tuple[dict[str, Any], list[Problem]]:
        """The sections of the spec that are right, and all problems of the document, in the order of the text."""
        self._directory = document.directory
        known = {attribute.name: attribute for attribute in fields(TrainingSpec)}
        sections: dict[str, Any] = {}
        partly: dict[str, Mapping[int, Any]] = {}
        problems: list[Problem | Unclear] = []
        for key, value in document.table.items():
            name = key if key in known else self._meant(key, document, known)
            if key not in known:
                problems.append(UnknownOption(TrainingSpec, (key,)))
            # Changes by name would have been made, had the key been right.
            if name is None or (name != key and name in SEVERAL and isinstance(value, dict)):
                continue
            try:
                sections[name] = self._converter.structure(value, known[name].type)
            except INVALID as error:
                problems += _problems(error, known[name].type, (key,))
                if isinstance(error, _ElementsError):
                    partly[name] = error.right
        for name, attribute in known.items():
            if attribute.default is not NOTHING and name not in document.table:
                sections.setdefault(name, attribute.default)
            elif attribute.default is NOTHING and name not in document.table:
                problems.append(MissingOption(TrainingSpec, (name,)))
        problems += [_problem(error, ()) for error in conflicts(sections, partly)]
        located = [document.located(problem) for problem in told(problems, document.table, self.catalog)]
        return sections, in_order([*document.problems, *located], document)

    def as_far_as_right(self, name: str, document: Document, problems: Iterable[Problem]) -> Any:
        """A section without its options that have problems; `None` if it cannot be read without them."""
        wrong = {problem.path[1] for problem in problems if len(problem.path) > 1 and problem.path[0] == name}
        table = document.table.get(name)
        if not isinstance(table, dict):
            return None
        try:
            right = {key: value for key, value in table.items() if key not in wrong}
            return self._converter.structure(right, getattr(fields(TrainingSpec), name).type)
        except INVALID:
            return None

    @staticmethod
    def _meant(key: str, document: Document, known: Mapping[str, Any]) -> str | None:
        """The section that is missing and was probably meant by a key that is none: it is read as that."""
        near = nearest(key, known)
        return near if near is not None and near not in document.table else None


def in_order(problems: Iterable[Problem], document: Document) -> list[Problem]:
    """The problems in the order of the text."""
    return sorted(problems, key=lambda problem: _order(problem, document))


def _order(problem: Problem, document: Document) -> tuple[int, str, int, int]:
    """The order of the text, then of other files, then of changes; what stands in no text goes by section."""
    names = [attribute.name for attribute in fields(TrainingSpec)]
    section = names.index(problem.path[0]) if problem.path and problem.path[0] in names else len(names)
    if problem.place is None:
        return 3, "", 0, section
    source = problem.place.source
    rank = 0 if source is document.source else 1 if source.directory is not None else 2
    return rank, source.name, problem.place.start, section


def strict_converter(catalog: Catalog, directory: Callable[[], Path]) -> Converter:
    """A cattrs converter that converts nothing and knows the families of the catalog.

    `directory` gives what relative paths are relative to.
    """
    converter = Converter(detailed_validation=True, forbid_extra_keys=True)

    def register(fits: Callable[[Any], bool], make: Callable[[Any, Converter], Callable[[Any, Any], Any]]) -> None:
        converter.register_structure_hook_factory(fits, lambda kind: make(kind, converter))

    def path(value: object, kind: type) -> Path:
        text = _primitive(value, kind)
        if "\0" in text:
            raise ValueError("This is no path of a file: it has a NUL in it.")
        home = text.directory if isinstance(text, PathText) else directory()
        return Path(os.path.normpath(home / text))

    # Hooks that are registered later are asked first: the most particular stand last.
    register(is_tuple, _tuple_hook)
    register(is_mapping, _mapping_hook)
    register(is_union, _union_hook)
    converter.register_structure_hook_func(is_literal, _literal)
    for primitive in PRIMITIVES:
        converter.register_structure_hook(primitive, _primitive)
    converter.register_structure_hook(Path, path)
    register(lambda kind: isinstance(kind, type) and issubclass(kind, Spec) and has(kind), _spec_hook)
    converter.register_structure_hook_func(is_family, lambda value, base: _choose(value, base, catalog, converter))
    return converter


def _primitive(value: object, kind: type) -> Any:
    if not accepts(kind, value):
        raise wrong(value, kind)
    try:
        return float(value) if kind is float and isinstance(value, int) else value
    except OverflowError:
        raise ValueError("This number is too large for a float.") from None


def _literal(value: object, kind: Any) -> Any:
    if not accepts(kind, value):
        choices = [choice for choice in get_args(kind) if isinstance(choice, str)]
        near = nearest(value, choices) if isinstance(value, str) else None
        raise ValueError(str(wrong(value, kind)) + ("" if near is None else f' Did you mean "{near}"?'))
    return value


def _union_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    # `None` is not asked for: TOML has no such value, leaving the option out says it.
    arms = [arm for arm in get_args(kind) if arm is not NoneType]

    def structure_union(value: Any, _: Any) -> Any:
        fitting = [arm for arm in arms if accepts(arm, value)]
        if not fitting and len(arms) > 1:
            raise wrong(value, kind)
        return converter.structure(value, (fitting or arms)[0])

    return structure_union


class _ElementsError(IterableValidationError):
    """An array of which some elements are wrong."""

    right: Mapping[int, Any] = MappingProxyType({})
    """The others, by their places."""


def _tuple_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], tuple[Any, ...]]:
    elements = get_args(kind)

    def structure_tuple(value: Any, _: Any) -> tuple[Any, ...]:
        if isinstance(value, dict) and isinstance(elements[0], type) and issubclass(elements[0], Spec):
            raise _HeaderError(f"{wrong(value, kind)} The header of each has two brackets: [[{HEADER}]].")
        if not accepts(kind, value):
            raise wrong(value, kind)
        made, errors = {}, []
        for index, element in enumerate(value):
            element_kind = elements[0] if elements[-1] is Ellipsis else elements[index]
            try:
                made[index] = converter.structure(element, element_kind)
            except INVALID as error:
                error.add_note(IterableValidationNote(f"element {index}", index, element_kind))
                errors.append(error)
        if errors:
            some_wrong = _ElementsError("", errors, kind)
            some_wrong.right = made
            raise some_wrong
        return tuple(made.values())

    return structure_tuple


def _mapping_hook(kind: Any, converter: Converter) -> Callable[[Any, Any], dict[str, Any]]:
    element_kind = get_args(kind)[1]

    def structure_mapping(value: Any, _: Any) -> dict[str, Any]:
        if not accepts(kind, value):
            raise wrong(value, kind)
        made, errors = {}, []
        for key, element in value.items():
            try:
                made[key] = converter.structure(element, element_kind)
            except INVALID as error:
                error.add_note(IterableValidationNote(f"key {key}", key, element_kind))
                errors.append(error)
        if errors:
            raise IterableValidationError("", errors, kind)
        return made

    return structure_mapping


def _spec_hook(kind: type[Spec], converter: Converter) -> Callable[[Any, type], Spec]:
    """A hook for one spec class: each option is of its type and inside its bounds, and there are no others."""
    options = {attribute.name: attribute for attribute in fields(kind) if attribute.init}

    def structure_option(value: Any, attribute: "Attribute[Any]") -> Any:
        made = converter.structure(value, kind.option_type(attribute))
        _refuse_not_finite(made, attribute)
        if attribute.validator is not None:
            # attrs would stop at the first option that is out of bounds; here each is told.
            _check_elements(kind, attribute, made)
            with blamed(kind):
                attribute.validator(kind, attribute, made)
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
                errors.append(error)
        strange = [key for key in value if key not in options]
        errors += [ForbiddenExtraKeysError("", kind, {key}) for key in strange]  # In the order of the text.
        if errors:
            near = {nearest(key, options) for key in strange}  # One of them may have been meant.
            required = {attribute.name for attribute in options.values() if attribute.default is NOTHING}
            errors += _conflicts(kind, made, (value.keys() | near | required) - made.keys())
        else:
            try:
                with blamed(kind):
                    return kind(**made)
            except ValueError as error:
                errors += _conflicts(kind, made) or [error]
        raise ClassValidationError("", errors, kind)

    return structure_table


def _conflicts(kind: type[Spec], made: Mapping[str, Any], unsaid: Collection[Any] = ()) -> list[Exception]:
    """What does not go together in a component of the options that are right; of some it is not said what they are."""
    defaults = {attribute.name: attribute.default for attribute in fields(kind) if attribute.name not in unsaid}
    component = assembled(kind, {**defaults, **made})
    found: list[Exception] = []
    try:
        found.extend(component.conflicts())
        if not found:
            component.__attrs_post_init__()
    except ValueError as error:
        found.append(error)
    except Exception:  # noqa: BLE001 - It depends on what is not said; one that is right has been made, and failed there.
        return found
    return found


def _check_elements(kind: type[Spec], attribute: "Attribute[Any]", value: Any) -> None:
    """Tell of each number in an array or table that is out of bounds, at its own place."""
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
    """Raise a `ValueError` for `inf` where the option does not say that it may be, and for `nan`."""
    if isinstance(value, (tuple, Mapping)):
        for element in value.values() if isinstance(value, Mapping) else value:
            _refuse_not_finite(element, attribute)
    elif isinstance(value, float) and not math.isfinite(value):
        may_be_infinite = any(bounds.infinite for bounds in Bounds.of(attribute))
        if math.isnan(value) or not may_be_infinite:
            raise ValueError(f"This must be a finite number, and it is {value}.")


def _choose(value: Any, base: type[Spec], catalog: Catalog, converter: Converter) -> Spec:
    """A component: the class is found by the `type` that the table gives, and reads the rest of it."""
    if not isinstance(value, dict):
        raise _no_table(value, "a table with a `type`")
    options = dict(value)
    name = options.pop("type", None)
    if name is None:
        known = {attribute.name for kind in catalog.family(base).values() for attribute in fields(kind)}
        strange = [key for key, option in options.items() if key not in known and isinstance(option, str)]
        if (near := nearest("type", strange)) is not None:
            wrong_key = _KeyError(near, f'There is no option "{near}". Did you mean "type"?')
            raise _with_others(wrong_key, base, options.pop(near), options, catalog, converter)
        raise _MissingTypeError(f"The `type` is missing, which says what {base.family} it is.")
    try:
        kind = catalog.find(base, _primitive(name, str))
    except ValueError as error:
        raise _with_others(OptionError("type", str(error)), base, name, options, catalog, converter) from None
    return converter.structure(options, kind)


def _with_others(
    error: OptionError, base: type[Spec], name: Any, options: dict[str, Any], catalog: Catalog, converter: Converter
) -> Exception:
    """The error of a type, and those of the options, which are read as those of the type that was probably meant."""
    known = catalog.family(base)
    if not isinstance(name, str):
        return error
    meant = name if name in known else nearest(name, known)
    if meant is None:
        return error
    kind = catalog.find(base, meant)
    try:
        converter.structure(options, kind)
    except ClassValidationError as others:
        return ClassValidationError("", [error, *others.exceptions], kind)
    except INVALID:
        return error
    return error


def _no_table(value: Any, wanted: str) -> ValueError:
    """What to raise for what is no table: of an array of tables, what its header should be."""
    message = f"This must be {wanted}, and it is {found(value)}."
    if isinstance(value, list) and value and all(isinstance(element, dict) for element in value):
        return _HeaderError(f"{message} Its header has one bracket: [{HEADER}].")
    return ValueError(message)


HEADER = "…"
"""Stands in the message of a `_HeaderError` for the names in the header."""


class _HeaderError(ValueError):
    """A table where several are wanted, or several where one is: its message says how many brackets the header has."""


class _KeyError(OptionError):
    """An option whose name is wrong, and not its value."""


class _MissingTypeError(ValueError):
    """A component of which nothing says what it is."""


def _problems(error: BaseException, kind: Any, path: Keys) -> Iterator[Problem | Unclear]:
    """The problems in what cattrs raised, each with its path."""
    if isinstance(error, (ClassValidationError, IterableValidationError)):
        kind = error.cl
        for part in error.exceptions:
            here, part_kind = path, kind
            for note in getattr(part, "__notes__", ()):
                if isinstance(note, AttributeValidationNote):
                    here, part_kind = (*path, note.name), note.type
                elif isinstance(note, IterableValidationNote):
                    here, part_kind = (*path, note.index), note.type
            yield from _problems(part, kind if isinstance(part, KeyError) else part_kind, here)
    elif isinstance(error, ForbiddenExtraKeysError):
        yield from (UnknownOption(error.cl, (*path, key)) for key in error.extra_fields)
    elif isinstance(error, KeyError):
        yield MissingOption(kind, path)
    elif isinstance(error, OptionError):
        yield _problem(error, path)
    elif isinstance(error, _HeaderError):
        yield Problem(str(error).replace(HEADER, dotted([key for key in path if isinstance(key, str)])), path)
    elif isinstance(error, _MissingTypeError):
        yield MissingType(str(error), path)
    else:
        yield Problem(str(error), path)


def _problem(error: OptionError, path: Keys) -> Problem:
    against = tuple((*path, *other) for other in error.against)
    return Problem(str(error), (*path, *error.path), on_key=isinstance(error, _KeyError), against=against)

"""Unknown and missing options, before it is known whether one explains the other."""

from attrs import frozen

from hookline.errors.diagnostic import Keys
from hookline.spec.options import Spec


@frozen
class UnknownOption:
    """A key that is not an option of the class of its table."""

    kind: type[Spec]
    """The class."""
    path: Keys
    """The path of the key."""

    @property
    def is_type_of_none(self) -> bool:
        """Whether it is the `type` of a table that is not a component."""
        return self.path[-1] == "type" and not self.kind.family

    @property
    def message(self) -> str:
        """The message, without a suggestion."""
        named = f"{self.kind.__name__} has no option" if self.kind.family else "There is no key"
        return f'{named} "{self.path[-1]}".'


@frozen
class MissingOption:
    """A required option that is missing."""

    kind: type[Spec]
    """The class."""
    path: Keys
    """The path that it would have."""


Unclear = UnknownOption | MissingOption
"""Problems that are reported last, because one mistake may cause two of them."""

"""A source of the rows of another source, which has no weights, samplers or streams."""

from collections.abc import Sequence

from attrs import fields

from hookline.errors import OptionError
from hookline.spec import DataSpec, spec
from hookline_data.images.transforming.source import TransformedSource
from hookline_data.rows.inner_source import WithInnerSource


@spec
class CombinedSource(WithInnerSource, TransformedSource):
    """A source that combines rows of another one, and makes the batches itself."""

    source: DataSpec
    """The source of the rows, with one group of inputs and one target. Set the batch size and shuffling outside of
    it."""

    def __attrs_post_init__(self) -> None:
        defaults = {option.name: option.default for option in fields(type(self.source))}
        for option in fields(TransformedSource):
            if option.name in defaults and getattr(self.source, option.name) != defaults[option.name]:
                name = type(self).__name__
                raise OptionError(
                    "source", f"{name} makes the batches: set this option there, not on its source.", option.name
                )

        if getattr(self.source, "sampler", None) is not None:
            message = f"{type(self).__name__} draws from all rows, so its source cannot have a sampler: remove it."
            raise OptionError("source", message, "sampler")
        if getattr(self.source, "stream", False):
            message = f"{type(self).__name__} draws from all rows, so its source cannot be streamed: remove it."
            raise OptionError("source", message, "stream")

    @property
    def always_kept(self) -> Sequence[str]:
        """The columns that the source keeps, of the first group of inputs."""
        return self.source.always_kept

"""A graph of ONNX operators, as plain data: what kinds of columns and data sources add their computations to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from numpy import generic
    from numpy.typing import NDArray

Value = str
"""A value of a graph: the output of a node, a constant, or an input."""

ML = "ai.onnx.ml"
"""The domain of operators such as LabelEncoder."""

PREFIX = "/hookline/"
"""The beginning of the names of values, so that no column has the same name."""


@frozen(kw_only=True, eq=False)
class Node:
    """A node of a graph."""

    operator: str
    """The name of the operator."""
    inputs: tuple[Value, ...]
    """Its inputs, in their order."""
    outputs: tuple[Value, ...]
    """Its outputs, in their order."""
    domain: str = ""
    """The domain of the operator; empty for those of ONNX itself."""
    attributes: Mapping[str, Any]
    """The attributes by name: numbers, strings, lists of them, or a `Body`."""


@frozen(kw_only=True, eq=False)
class Body:
    """A graph inside an operator such as Scan, which runs it several times. It is passed as the attribute `body`."""

    graph: "Graph"
    """The graph, whose `prefix` is one of its own."""
    inputs: Mapping[Value, str]
    """The types of its inputs by name, each of one dimension."""
    outputs: Mapping[Value, str]
    """The types of its outputs by name, each of one dimension."""


class Graph:
    """A graph that is being built. Its operators are those of ONNX: https://onnx.ai/onnx/operators/.

    >>> import numpy
    >>> graph = Graph()
    >>> centered = graph.op("Sub", "age", numpy.float64(40))
    >>> scaled = graph.op("Div", centered, numpy.float64(12))
    >>> for node in graph.nodes:
    ...     print(node.operator, *node.inputs, '->', *node.outputs)
    Sub age /hookline/fixed_0 -> /hookline/Sub_0
    Div /hookline/Sub_0 /hookline/fixed_1 -> /hookline/Div_1
    """

    def __init__(self, prefix: str = PREFIX) -> None:
        """Start without nodes. The names of values begin with the prefix."""
        self.prefix = prefix
        self.nodes: list[Node] = []
        """The nodes, each after those whose outputs it takes."""
        self.constants: dict[Value, NDArray[Any]] = {}
        """The constants by name."""
        self.types: dict[Value, tuple[str, int]] = {}
        """The type and the number of dimensions of values that `typed` states."""

    def op(
        self, operator: str, *inputs: "Value | NDArray[Any] | generic", domain: str = "", **attributes: Any
    ) -> Value:
        """Add a node, and return its first output.

        Args:
            operator: the name of the operator, such as "Where".
            inputs: its inputs: values of the graph, or NumPy arrays and scalars, which become constants.
            domain: the domain of the operator.
            attributes: its attributes; those that are `None` are left out.

        """
        output = f"{self.prefix}{operator}_{len(self.nodes)}"
        values = tuple(one if isinstance(one, str) else self.constant(one) for one in inputs)
        given = {name: value for name, value in attributes.items() if value is not None}
        node = Node(operator=operator, inputs=values, outputs=(output,), domain=domain, attributes=given)
        self.nodes.append(node)
        return output

    def constant(self, array: "NDArray[Any] | generic") -> Value:
        """Add a constant: an array of numbers, booleans or strings, or a scalar."""
        import numpy

        name = f"{self.prefix}fixed_{len(self.constants)}"
        self.constants[name] = numpy.asarray(array)
        return name

    def cast(self, value: Value, dtype: str) -> Value:
        """Convert a value to a type, such as "float64"."""
        return self.op("Cast", value, to=dtype)

    def typed(self, value: Value, dtype: str, dimensions: int) -> Value:
        """State the type of a value that is the result of an operator outside of ONNX, and return the value."""
        self.types[value] = dtype, dimensions
        return value

    def lookup(self, texts: Value, names: "list[str]", places: "list[int]", default: int) -> Value:
        """Return the integer of each text, int64: `places` has those of `names`; other texts become `default`."""
        return self.op(
            "LabelEncoder", texts, domain=ML, keys_strings=names, values_int64s=places, default_int64=default
        )

    def renamed(self, texts: Value, names: Mapping[str, str]) -> Value:
        """Return what each text is called: `names` has other names of texts. Texts that it lacks become empty."""
        keys, values = list(names), list(names.values())
        return self.op("LabelEncoder", texts, domain=ML, keys_strings=keys, values_strings=values, default_string="")

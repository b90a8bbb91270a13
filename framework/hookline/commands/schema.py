"""`hookline schema`."""

import argparse

from hookline.command_line import GOOD
from hookline.commands.names import add_plugin_arguments, load_catalog
from hookline.printing import tell_json
from hookline.schema import schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_plugin_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of specs, with everything that the plugins offer."""
    tell_json(schema(load_catalog(arguments)), indent=1)
    return GOOD

"""`hookline schema`."""

import argparse

from hookline.check.schema import schema
from hookline.cli.arguments.names import add_plugin_arguments, load_catalog
from hookline.cli.commands import GOOD
from hookline.errors.printing import echo_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_plugin_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of specs, with all components of the plugins."""
    echo_json(schema(load_catalog(arguments)), indent=1)
    return GOOD

"""`hookline schema`."""

import argparse
import json

from hookline.command_line import GOOD
from hookline.commands.names import add_plugin_arguments, load_catalog
from hookline.schema import schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_plugin_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of specs, with everything that the plugins offer."""
    print(json.dumps(schema(load_catalog(arguments)), indent=1, ensure_ascii=False))
    return GOOD

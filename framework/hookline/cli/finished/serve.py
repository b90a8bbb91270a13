"""`hookline serve runs/iris/1` and `hookline serve runs/iris/1/onnx`."""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.cli.arguments.run_arguments import add_opening_arguments, add_run_argument, opened_run
from hookline.cli.commands import GOOD
from hookline.cli.output.warnings import printed_warnings
from hookline.errors.argument_error import ArgumentError
from hookline.errors.exceptions import HooklineError
from hookline.errors.printing import echo
from hookline.errors.text import enumerate_names
from hookline.plugins.sources.local import from_file
from hookline.serving.http.limits import MIB, Limits

if TYPE_CHECKING:
    from hookline.serving.served import Served

PACKAGES = ("fastapi", "fastapi_offline", "orjson", "uvicorn")
"""The packages of the extra `serve`."""

GREATEST_PORT = 65535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    usual = Limits()
    add_run_argument(parser, also=", or that of a deployed model, such as runs/iris/1/onnx")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; 0.0.0.0 for all networks (default: 127.0.0.1, only this machine)",
    )
    parser.add_argument("--port", type=int, default=8000, help="the port, or 0 for any that is free (default: 8000)")
    parser.add_argument(
        "--max-body",
        type=float,
        default=usual.body_bytes / MIB,
        metavar="MIB",
        help=f"the largest size of a request (default: {usual.body_bytes / MIB:g})",
    )
    parser.add_argument(
        "--max-rows",
        type=int,
        default=usual.rows,
        metavar="N",
        help=f"the largest number of rows in a request (default: {usual.rows})",
    )
    parser.add_argument(
        "--max-requests",
        type=int,
        default=usual.requests,
        metavar="N",
        help=f"the largest number of concurrent requests; others are refused with 503 (default: {usual.requests})",
    )
    parser.add_argument(
        "--max-joined",
        type=int,
        default=usual.joined_rows,
        metavar="ROWS",
        help="the largest number of rows of different requests to which the model is applied at once; 1 for each "
        f"request on its own (default: {usual.joined_rows})",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=usual.seconds,
        metavar="SECONDS",
        help=f"the time in which a client must send its request (default: {usual.seconds:g})",
    )
    add_opening_arguments(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="print only errors and warnings")


def run(arguments: argparse.Namespace) -> int:
    """Serve the run until a signal ends the process."""
    limits = _limits(arguments)
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise HooklineError(f'`hookline serve` needs {enumerate_names(missing)}: pip install "hookline[serve]".')
    gc.enable()
    plugins = [from_file(file) for file in arguments.plugin]
    with printed_warnings(str(Path(arguments.directory) / "spec.toml")):
        opened = _opened(arguments, plugins)
        from hookline.serving.http.server import listening, serve, url_of

        with listening(arguments.host, arguments.port) as listener:
            predictor = opened()
            # What is there now stays: otherwise, each full collection looks at it again, which takes 100 ms.
            gc.collect()
            gc.freeze()
            if not arguments.quiet:
                echo(f"Serving {predictor.name} on {url_of(listener)} (Ctrl-C ends it)")
                sys.stdout.flush()
            try:
                serve(predictor, limits, listener)
            finally:
                predictor.close()
    return GOOD


def _opened(arguments: argparse.Namespace, plugins: Sequence[object]) -> "Callable[[], Served]":
    """Find a finished run or a deployed model, and return the function that opens it, which takes longer."""
    from hookline.serving.deployed import is_deployed, open_deployed

    directory = Path(arguments.directory)
    if is_deployed(directory):
        for option in ("device", "trial", "accept_changed_plugins"):
            if getattr(arguments, option):
                raise ArgumentError(option, "This is for a run, but a deployed model has none: remove it.")
        from hookline.plugins.manager import Plugins

        catalog = Plugins(extra=plugins).catalog
        return lambda: open_deployed(directory, catalog)
    finished = opened_run(arguments, arguments.directory, arguments.trial, plugins)
    from hookline.serving.predictor import Predictor

    return lambda: Predictor(finished)


def _limits(arguments: argparse.Namespace) -> Limits:
    """Return the limits.

    Raises:
        HooklineError: If one of them is not above 0.

    """
    if not 0 <= arguments.port <= GREATEST_PORT:
        raise HooklineError(f"--port: This must be between 0 and {GREATEST_PORT}, not {arguments.port}.")
    for name in ("max_body", "max_rows", "max_requests", "max_joined", "timeout"):
        value = getattr(arguments, name)
        if not 0 < value < float("inf"):
            raise HooklineError(f"--{name.replace('_', '-')}: This must be above 0, not {value:g}.")
    return Limits(
        body_bytes=int(arguments.max_body * MIB),
        rows=arguments.max_rows,
        requests=arguments.max_requests,
        joined_rows=arguments.max_joined,
        seconds=arguments.timeout,
    )

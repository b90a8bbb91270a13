"""Run the application with uvicorn, on a socket that was opened before."""

import ipaddress
import os
import socket

import uvicorn

from hookline.errors.exceptions import HooklineError
from hookline.serving.http.application import application
from hookline.serving.http.limits import Limits
from hookline.serving.http.protocol import protocol
from hookline.serving.served import Served

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
"""The names of this machine for itself."""

BACKLOG = 2048
"""The largest number of connections that wait until they are accepted."""

LONGEST_SHUTDOWN = 60
"""The largest number of seconds in which a server that was ended finishes its requests."""


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        HooklineError: If the port is used, or if there is no such address.

    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        # asyncio switches Nagle's algorithm off, which would delay answers by 40 ms, only if the protocol is known.
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise _unusable(host, port, error) from None
    try:
        if os.name == "posix":  # On Windows, this would let two processes listen.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _unusable(host, port, error) from None
    return listener


def _unusable(host: str, port: int, error: Exception) -> HooklineError:
    reason = getattr(error, "strerror", None) or str(error)
    return HooklineError(
        f"The server cannot listen on {host}, port {port}: {reason}. Pass another one with `--port` or `--host`."
    )


def url_of(listener: socket.socket) -> str:
    """Return the address of a server as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def serve(predictor: Served, limits: Limits, listener: socket.socket) -> None:
    """Answer requests until a signal ends the process, and then finish those that have begun.

    The signal is raised again afterwards, for the handler that was there before.
    """
    host = listener.getsockname()[0]
    hosts = LOOPBACK if ipaddress.ip_address(host).is_loopback else None
    config = uvicorn.Config(
        application(predictor, limits, hosts=hosts, begun=lambda: len(server.server_state.tasks)),
        http=protocol(limits.seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="critical",  # Do not print requests that are not HTTP: anybody can send them.
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=LONGEST_SHUTDOWN,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])

"""A PostgreSQL server of its own for tests, if the package is installed: `apt-get install postgresql`."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
"""The servers; Debian does not put them on the PATH."""

MISSING = None if INSTALLED or shutil.which("initdb") else "PostgreSQL is not installed."
"""Why there can be no server."""

SETTINGS = ("listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=50", "autovacuum=off")
"""Without TCP: clients connect by a socket in the directory of the server."""


class Server:
    """A running server with a database."""

    def __init__(self, place):
        """Make a new cluster in a directory and start it."""
        self.place = Path(place)
        self.bin = INSTALLED[-1].parent if INSTALLED else Path(shutil.which("initdb")).parent
        self._user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
        if self._user:
            shutil.chown(self.place, "postgres", "postgres")
        self.place.chmod(0o755)
        words = ["--no-sync", "--auth=trust", "--username=hookline", "--no-locale", "--encoding=UTF8"]
        self._call("initdb", *words, "-D", self.place / "data")
        self._process = None
        self.start()

    def _call(self, name, *words):
        subprocess.run([self.bin / name, *words], check=True, capture_output=True, cwd="/", **self._user)

    @property
    def url(self):
        """The URL of the database."""
        return f"postgresql://hookline@/postgres?host={self.place}"

    def start(self):
        """Start it, and wait until it accepts connections."""
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        command = [self.bin / "postgres", "-D", self.place / "data", "-k", self.place, *settings]
        with (self.place / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._user)
        ready = [self.bin / "pg_isready", "-q", "-h", self.place]
        for _ in range(600):
            if subprocess.run(ready, check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise TimeoutError((self.place / "log").read_text())

    def stop(self):
        """End it and all connections at once, as a crash does."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()


@contextlib.contextmanager
def running():
    """Start a server; stop it at the end and remove its directory."""
    place = tempfile.mkdtemp(prefix="hookline-postgres-")
    server = None
    try:
        server = Server(place)
        yield server
    finally:
        if server is not None:
            server.stop()
        shutil.rmtree(place)

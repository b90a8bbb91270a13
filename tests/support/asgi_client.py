"""Ask an ASGI application in this process, without a network."""

import asyncio
import threading
from contextlib import contextmanager

import httpx


class Client:
    """Sends requests to an application, and waits for the answers."""

    def __init__(self, app, loop):
        self._loop = loop
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")

    def get(self, path):
        return self._wait(self._client.get(path))

    def post(self, path, **options):
        return self._wait(self._client.post(path, **options))

    def _wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)


@contextmanager
def client(app):
    """Start an application in a loop of its own, and stop it at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    received, sent = asyncio.Queue(), asyncio.Queue()

    async def send(kind, answer):
        await received.put({"type": f"lifespan.{kind}"})
        assert (await sent.get())["type"] == f"lifespan.{kind}.{answer}"

    def wait(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)

    running = asyncio.run_coroutine_threadsafe(app({"type": "lifespan", "state": {}}, received.get, sent.put), loop)
    try:
        wait(send("startup", "complete"))
        yield Client(app, loop)
        wait(send("shutdown", "complete"))
        running.result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

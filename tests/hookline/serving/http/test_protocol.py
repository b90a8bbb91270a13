"""What is written to a connection, and when."""

import asyncio

from hookline.serving.http.protocol import MOST_JOINED, JoinedWrites


class Recording(asyncio.Transport):
    def __init__(self):
        super().__init__()
        self.calls = []

    def write(self, data):
        self.calls.append(bytes(data))

    def close(self):
        self.calls.append("close")

    def is_closing(self):
        return False


def calls_after(act):
    """What a transport gets at once, and what it has after the loop has gone on."""

    async def run():
        under = Recording()
        act(JoinedWrites(under, asyncio.get_running_loop()))
        at_once = list(under.calls)
        await asyncio.sleep(0)
        return at_once, under.calls

    return asyncio.run(run())


def test_an_answer_is_written_at_once():
    def answer(transport):
        for part in (b"head", b"body", b""):
            transport.write(part)
        transport.flush()
        transport.flush()

    assert calls_after(answer) == ([b"headbody"], [b"headbody"])


def test_what_nobody_flushes_is_written_when_the_loop_goes_on():
    def interim(transport):
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert not transport.is_closing()

    assert calls_after(interim) == ([], [b"HTTP/1.1 100 Continue\r\n\r\n"])


def test_everything_is_written_before_the_connection_is_closed():
    def refuse(transport):
        transport.write(b"400")
        transport.close()

    assert calls_after(refuse)[0] == [b"400", "close"]


def test_large_answers_are_not_kept():
    part = b"x" * (MOST_JOINED // 2)

    def stream(transport):
        for _ in range(5):
            transport.write(part)

    at_once, all_of_them = calls_after(stream)
    assert at_once == [part * 3]
    assert all_of_them == [part * 3, part * 2]

"""Compare the requests per second of `hookline serve` with those of a bare FastAPI handler of the same model.

    python benchmarks/serve.py [SECONDS] [CONNECTIONS]

A small classifier of ten columns answers requests of one row on loopback, on one thread. Server and client are
processes of their own, and measured in turns. The bare handler has a pydantic model of the columns, standardizes them,
applies the model and returns the class and the probabilities. Both use the same parser of HTTP, h11. The memory of the
server is read after each turn, and all answers are compared with those of `hookline predict`.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TURNS = 4
AIM = 0.7


def serve_by_hand(directory: Path, port: int) -> None:
    """Serve the model with a bare handler."""
    import fastapi
    import pydantic
    import torch
    import uvicorn

    import hookline

    torch.set_num_threads(1)
    run = hookline.open_run(directory / "run")
    model, classes = run.model, run.data.targets["target"].classes
    prepared = run.data.preparation["input"]
    mean, std = (torch.tensor(prepared[name], dtype=torch.float64) for name in ("mean", "std"))
    names = prepared["columns"]
    row_type = pydantic.create_model("Row", **dict.fromkeys(names, (float, ...)))
    app = fastapi.FastAPI()

    @app.post("/predict")
    async def predict(row: row_type) -> dict[str, str | float]:  # type: ignore[valid-type]
        numbers = torch.tensor([[getattr(row, name) for name in names]], dtype=torch.float64)
        with torch.no_grad():
            found = model(((numbers - mean) / std).float()).softmax(dim=1)[0].tolist()
        best = max(range(len(found)), key=found.__getitem__)
        return {"prediction": classes[best], **{f"probability[{classes[i]}]": one for i, one in enumerate(found)}}

    uvicorn.run(app, port=port, log_level="critical", access_log=False, http="h11")


async def load(port: int, seconds: float, connections: int, rows: list[bytes]) -> tuple[int, list[bytes], list[float]]:
    """Send requests over some connections, and return their number, the last answer to each row, and their times."""
    ends = time.perf_counter() + seconds
    answers: list[bytes] = [b""] * len(rows)
    times: list[float] = []

    async def client(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        index = first
        while (began := time.perf_counter()) < ends:
            index = (index + 1) % len(rows)
            writer.write(rows[index])
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            answers[index] = await reader.readexactly(size)
            times.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client(number * 7) for number in range(connections)))
    return len(times), answers, times


def requests(count: int) -> tuple[list[dict[str, float]], list[bytes]]:
    """Return rows, and the requests with them."""
    import random

    from predict import FEATURES

    source = random.Random(1)  # noqa: S311
    rows = [{f"x{index}": source.gauss(0, 1) for index in range(FEATURES)} for _ in range(count)]
    head = "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"
    texts = map(json.dumps, rows)
    return rows, [head.format(len(text), text).encode() for text in texts]


def memory(process: subprocess.Popen[bytes]) -> float:
    """Return the resident memory of a process in MiB."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """Return the time for which a process has used processors, in all its threads."""
    numbers = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def start(command: list[str], port: int) -> subprocess.Popen[bytes]:
    """Start a server, and wait until it answers."""
    import socket

    process = subprocess.Popen(command)  # noqa: S603
    for _ in range(600):
        time.sleep(0.1)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
    raise RuntimeError(f"{command} does not listen.")


def same(answers: list[bytes], expected: list[dict[str, Any]]) -> tuple[int, float]:
    """Return how many answers are equal to what is expected, and the largest difference of a number."""
    import numpy

    equal, largest = 0, 0.0
    for answer, known in zip(answers, expected, strict=True):
        found = json.loads(answer)
        if found["prediction"] != known["prediction"]:
            raise RuntimeError(f"{answer!r} is not {known}.")
        # JSON has as many digits as a float32 needs.
        pairs = [(float(numpy.float32(found[name])), known[name]) for name in known if name != "prediction"]
        differences = [abs(one - other) for one, other in pairs]
        equal += not any(differences)
        largest = max(largest, *differences)
    return equal, largest


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["by hand"]:
        serve_by_hand(Path(sys.argv[2]), int(sys.argv[3]))
        return
    from predict import train  # The bare handler does not need what it imports.

    seconds, connections = (float(sys.argv[1]) if len(sys.argv) > 1 else 5.0), int((sys.argv[2:] or ["16"])[0])
    rows, sent = requests(200)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        train(directory)
        ports = {"Hookline": 8791, "by hand": 8792}
        ours = [sys.executable, "-m", "hookline", "serve", f"{name}/run", "-q", "--port", str(ports["Hookline"])]
        theirs = [sys.executable, __file__, "by hand", name, str(ports["by hand"])]
        servers = {kind: start(command, ports[kind]) for kind, command in (("Hookline", ours), ("by hand", theirs))}
        speeds: dict[str, list[float]] = {kind: [] for kind in servers}
        used: dict[str, list[float]] = {kind: [] for kind in servers}
        latencies: dict[str, list[float]] = {kind: [] for kind in servers}
        memories: list[float] = []
        try:
            for port in ports.values():
                asyncio.run(load(port, 1, connections, sent))
            for _ in range(TURNS):
                for kind, port in ports.items():
                    began = processor_seconds(servers[kind])
                    count, found, times = asyncio.run(load(port, seconds, connections, sent))
                    speeds[kind].append(count / seconds)
                    used[kind].append((processor_seconds(servers[kind]) - began) / count)
                    latencies[kind] += times
                    if kind == "Hookline":
                        answers = found
                        memories.append(memory(servers[kind]))
        finally:
            for server in servers.values():
                server.terminate()
                server.wait()
        import hookline

        run = hookline.open_run(directory / "run")
        expected = [run.predict([row]).to_pylist()[0] for row in rows]
    best = {kind: max(found) for kind, found in speeds.items()}
    ratio = best["Hookline"] / best["by hand"]
    print(f"{connections} connections: {best['Hookline']:,.0f} requests/s, by hand {best['by hand']:,.0f}, ", end="")
    print(f"ratio {ratio:.2f} (aim: {AIM})")
    ours_used, theirs_used = (1e6 * min(used[kind]) for kind in ("Hookline", "by hand"))
    print(f"processor time of a request: {ours_used:.0f} µs, by hand {theirs_used:.0f}, ", end="")
    print(f"ratio {theirs_used / ours_used:.2f}, which other processes on the machine hardly change")
    for kind, times in latencies.items():
        middle, late = (1000 * sorted(times)[len(times) * share // 100] for share in (50, 99))
        print(f"{kind}: median {middle:.1f} ms, 99 % within {late:.1f} ms")
    print(f"memory after each turn: {', '.join(f'{one:.0f}' for one in memories)} MiB (aim: the same)")
    asked = [index for index, answer in enumerate(answers) if answer]
    equal, largest = same([answers[index] for index in asked], [expected[index] for index in asked])
    print(f"answers equal to the last bit: {equal} of {len(asked)}, largest difference {largest:.1g}")


if __name__ == "__main__":
    main()

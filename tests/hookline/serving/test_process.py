"""The command in a process of its own: slow clients, a signal, and the page in a browser."""

import json
import re
import signal
import socket
import time
from contextlib import contextmanager

import pytest
from browser import needs_chromium, tab

from hookline.cli.main import main

FLOWER = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}


@contextmanager
def served(python, run, place, *words):
    """Start a server, and yield its process, its port and the files of its output."""
    out, err = place / "out", place / "err"
    words = ["-m", "hookline", "serve", str(run.directory), "--port", "0", *words]
    with out.open("w") as out_file, err.open("w") as err_file:
        process = python.start(*words, stdout=out_file, stderr=err_file)
    try:
        while not out.read_text().endswith("\n"):
            assert process.poll() is None, err.read_text()
            time.sleep(0.02)
        [port] = re.findall(r"\AServing small on http://127\.0\.0\.1:(\d+) \(Ctrl-C ends it\)\n\Z", out.read_text())
        yield process, int(port), err
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()


def opened(port, text):
    """A connection to which this has been sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(text)
    return connection


def everything(connection):
    """What a connection receives until the server closes it."""
    with connection:
        return b"".join(iter(lambda: connection.recv(2**16), b""))


def head(length):
    return (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: " + str(length).encode() + b"\r\n\r\n"
    )


def test_slow_clients_are_cut_off_and_a_signal_lets_requests_finish(run, python, tmp_path):
    body = json.dumps(FLOWER).encode()
    with served(python, run, tmp_path, "--timeout", "2", "--max-body", "0.001") as (process, port, err):
        slow_head = opened(port, b"POST /predict HTTP/1.1\r\nHost: ")
        slow_body = opened(port, head(len(body)) + body[:5])
        huge = opened(port, head(10**12))
        no_http = opened(port, b"\x16\x03\x01\x02\r\n\r\n")
        health = opened(port, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert everything(health).count(b'{"status":"ok","run":"small"') == 1
        assert everything(slow_head) == b""
        assert everything(slow_body).startswith(b"HTTP/1.1 408 ")
        assert everything(huge).startswith(b"HTTP/1.1 413 ")
        assert everything(no_http).startswith(b"HTTP/1.1 400 ")
        begun = opened(port, head(len(body)) + body[:-1])
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        begun.sendall(body[-1:])
        assert everything(begun).startswith(b"HTTP/1.1 200 ")
        assert (process.wait(), err.read_text()) == (143, "Ended by SIGTERM.\n")


@needs_chromium
def test_a_person_types_a_row_and_sees_the_prediction(run, python, tmp_path):
    press = "document.querySelector('button[type=submit]').click()"
    shown = """new Promise((resolve) => {
        const answer = document.getElementById("answer");
        const look = () => answer.textContent ? resolve(answer.innerText) : setTimeout(look, 20);
        look();
    })"""
    expected = run.predict([{**FLOWER, "petal_length": 6}]).to_pylist()[0]["prediction"]
    with served(python, run, tmp_path) as (_, port, _), tab(tmp_path / "profile") as page:
        for width, is_dark in ((1200, False), (390, True)):
            page.open(f"http://127.0.0.1:{port}/", width, is_dark=is_dark)
            values = {name: 6 if name == "petal_length" else number for name, number in FLOWER.items()}
            page.run(
                f"for (const [name, value] of Object.entries({json.dumps(values)})) form.elements[name].value = value"
            )
            page.run(press)
            heading, prediction = page.run(shown).split("\n\n")[:2]
            assert (heading, prediction) == ("species", expected)
            assert page.run("document.documentElement.scrollWidth") <= width
            page.run("answer.replaceChildren(); form.elements.petal_width.value = ''")
            page.run(press)
            assert page.run("document.querySelector('[aria-invalid]').name") == "petal_width"
            page.run("form.elements.petal_width.type = form.elements.petal_width.dataset.cell = 'text'")
            page.run("form.elements.petal_width.value = 'wide'")
            page.run(press)
            assert (
                page.run(shown) == '1 of 1 row cannot be read:\n  row 1, column "petal_width": "wide" is not a number.'
            )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--port", "70000"], "--port: This must be between 0 and 65535, not 70000."),
        (["--max-rows", "0"], "--max-rows: This must be above 0, not 0."),
        (["--timeout", "nan"], "--timeout: This must be above 0, not nan."),
        (["--host", "192.0.2.1"], "The server cannot listen on 192.0.2.1, port 8000: "),
    ],
)
def test_wrong_options_are_refused(run, words, text, capsys):
    assert main(["serve", str(run.directory), *words]) == 2
    assert capsys.readouterr().err.startswith(text)


def test_a_port_in_use_no_run_and_missing_packages_are_sentences(run, tmp_path, capsys, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["serve", str(run.directory), "--port", str(port)]) == 2
        assert f"The server cannot listen on 127.0.0.1, port {port}: Address already in use" in capsys.readouterr().err
    assert main(["serve", str(tmp_path / "nothing")]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path / 'nothing'}: There is no such directory.")
    monkeypatch.setattr("hookline.cli.finished.serve.find_spec", lambda name: None)
    assert main(["serve", str(run.directory)]) == 2
    assert (
        'needs "fastapi", "fastapi_offline", "orjson" and "uvicorn": pip install "hookline[serve]".'
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("words", [["--device", "cpu"], ["--trial", "1"], ["--accept-changed-plugins"]])
def test_options_for_a_run_are_refused_for_a_deployed_model(words, tmp_path, capsys):
    (tmp_path / "model.json").write_text("{}")
    assert main(["serve", str(tmp_path), *words]) == 2
    assert capsys.readouterr().err == f"{words[0]}: This is for a run, but a deployed model has none: remove it.\n"

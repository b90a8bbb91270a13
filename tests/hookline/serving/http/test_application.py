"""What the paths of a server answer, without a network."""

import asyncio
import json
import threading

import pytest
from asgi_client import client as client_of
from small_training import SPECS

from hookline.data.json_rows.texts import json_objects
from hookline.errors import HooklineError, UnreadableRowsError
from hookline.serving.http.application import application
from hookline.serving.http.guard import Guard
from hookline.serving.http.limits import Limits
from hookline.serving.http.server import LOOPBACK

FLOWER = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(predictor):
    with client_of(application(predictor, Limits(body_bytes=20_000, rows=200))) as opened:
        yield opened


def lines(table):
    """Predictions as `hookline predict -o predictions.jsonl` writes them."""
    return [json.loads(line) for batch in table.to_batches() for line in json_objects(batch)]


def test_a_row_and_several_are_predicted_as_by_predict(client, run):
    table = run.predict(SPECS / "data/iris.csv").slice(0, 0)
    rows = [FLOWER, {**FLOWER, "petal_length": "4.9", "other": [1]}, {**FLOWER, "sepal_width": 3}]
    single, several = client.post("/predict", json=FLOWER), client.post("/predict", json=rows)
    assert [single.status_code, several.status_code] == [200, 200]
    assert single.json() == lines(run.predict([FLOWER]))[0]
    assert several.json() == lines(run.predict(rows))
    assert list(single.json()) == table.column_names


@pytest.mark.parametrize(
    "changes",
    [
        [{"petal_width": "wide"}],
        [{}, {"petal_width": None}, {"sepal_length": "1e999"}],
        [{"petal_width": True}, {"petal_width": "no"}],
        [{"petal_width": 10**400}],
        [{"petal_width": 1e999}],
    ],
    ids=["text", "two rows", "mixed", "great", "infinite"],
)
def test_wrong_rows_have_the_sentences_of_predict(client, run, changes):
    rows = [{**FLOWER, **change} for change in changes]
    with pytest.raises(UnreadableRowsError) as expected:
        run.predict(rows)
    body = json.dumps(rows).replace("Infinity", "1e999")
    answer = client.post("/predict", content=body, headers=JSON)
    assert answer.status_code == 422
    assert f"the list: {answer.json()['detail']}" == str(expected.value)
    assert answer.json()["errors"] == [
        {"row": one.row, "column": one.columns[0], "message": one.message} for one in expected.value.problems
    ]


@pytest.mark.parametrize("cell", [[1, 2], {"a": 1}])
def test_a_cell_of_another_type_and_a_missing_column_have_the_sentence_of_predict(client, run, cell):
    for row in ({**FLOWER, "petal_width": cell}, {"petal_length": 1, "petal_widht": 2}):
        with pytest.raises(HooklineError) as expected:
            run.predict([row])
        answer = client.post("/predict", json=row)
        assert answer.status_code == 422
        assert str(expected.value) == f"the list: {answer.json()['detail']}"


async def in_parts():
    yield b" " * 15_000
    yield b" " * 15_000


def test_other_requests_are_refused_with_a_sentence(client):
    def refused(status, text, **options):
        answer = client.post("/predict", **options)
        assert answer.status_code == status
        assert answer.json()["detail"].startswith(text)

    refused(415, 'Send JSON, with the header "Content-Type: application/json".', content=b"{}")
    refused(
        415,
        'Send JSON, with the header "Content-Type: application/json", not "text/csv".',
        content=b"a",
        headers={"Content-Type": "text/csv"},
    )
    refused(415, "Send the request without compression.", content=b"{}", headers={**JSON, "Content-Encoding": "gzip"})
    refused(413, "The request may have 20,000 bytes at most.", content=b" " * 20_001, headers=JSON)
    refused(413, "The request may have 20,000 bytes at most.", content=in_parts(), headers=JSON)
    refused(413, "The request has 201 rows, but may have 200.", content=json.dumps([{}] * 201), headers=JSON)
    refused(400, "The request is not JSON", content=b"{", headers=JSON)
    assert client.get("/predict").status_code == 405
    assert client.get("/nothing").status_code == 404


def test_the_schema_and_openapi_have_an_example_that_works(client, predictor):
    schema, openapi = client.get("/schema").json(), client.get("/openapi.json").json()
    body = openapi["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    for example in (schema["example"], *(one["value"] for one in body["examples"].values())):
        answer = client.post("/predict", json=example)
        assert answer.status_code == 200
    assert schema["row"]["properties"] == {name: {"type": "number"} for name in FLOWER}
    assert schema["row"]["required"] == list(FLOWER)
    assert set(answer.json()[0]) == set(schema["prediction"]["required"])
    assert client.get("/health").json() == {"status": "ok", "run": "small", "requests": 0}


def test_the_pages_request_nothing_from_elsewhere(client):
    page, docs = client.get("/"), client.get("/docs")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for text in (page.text, docs.text):
        assert "http" not in text.replace("http-equiv", "")
    names = [part.split('"')[0] for part in docs.text.split("/static-offline-docs/")[1:]]
    assert names
    assert all(client.get(f"/static-offline-docs/{name}").status_code == 200 for name in names)


def test_an_error_of_the_model_is_printed_and_the_server_goes_on(predictor, capsys, monkeypatch):
    with client_of(application(predictor, Limits())) as client:
        with monkeypatch.context() as patch:
            patch.setattr(predictor, "predicted", lambda *_: 1 / 0)
            answer = client.post("/predict", json=FLOWER)
        assert answer.status_code == 500
        assert answer.json() == {"detail": "The model failed. The server has printed why."}
        assert client.post("/predict", json=FLOWER).status_code == 200
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_requests_above_the_limit_and_for_other_hosts_are_refused():
    started, ends = threading.Event(), asyncio.Event()

    async def slow(scope, receive, send):
        started.set()
        await ends.wait()

    async def asked(guard, path="/predict", host=b"localhost:8000"):
        sent = []

        async def send(message):
            sent.append(message)

        await guard({"type": "http", "method": "POST", "path": path, "headers": [(b"host", host)]}, None, send)
        return sent[0]["status"] if sent else None

    async def all_of_them():
        guard = Guard(slow, slow, Limits(requests=2), LOOPBACK)
        waiting = [asyncio.create_task(asked(guard)) for _ in range(2)]
        await asyncio.sleep(0)
        assert guard.requests == 2
        assert await asked(guard) == 503
        assert await asked(guard, host=b"evil.example") == 421
        assert await asked(guard, host=b"") == 421
        ends.set()
        await asyncio.gather(*waiting, asked(guard, "/health", b"[::1]:80"))
        assert guard.requests == 0

    asyncio.run(all_of_them())

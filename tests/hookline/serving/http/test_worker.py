"""Requests that wait together."""

import asyncio
import json

import pytest

from hookline.serving.http.json_body import given_rows
from hookline.serving.http.limits import Limits, RefusedError
from hookline.serving.http.signature import signature
from hookline.serving.http.worker import Worker

FLOWER = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}
WRONG = {**FLOWER, "petal_width": "wide"}


def read(body):
    return given_rows(body, 1000)


def answers(predictor, requests, fails=lambda rows: False, **limits):
    """The answers to requests that arrive at the same time, and how many rows the model got each time."""
    sizes = []
    predicted = predictor._predicted

    def counting(batch):
        sizes.append(batch.rows)
        return 1 / 0 if fails(batch.rows) else predicted(batch)

    async def all_of_them():
        worker = Worker(predictor, Limits(**limits))
        tasks = [worker.predict(read, json.dumps(request).encode()) for request in requests]
        found = await asyncio.gather(*tasks, return_exceptions=True)
        worker.stop()
        return found

    predictor._predicted = counting
    try:
        return asyncio.run(all_of_them()), sizes
    finally:
        del predictor._predicted


def alone(predictor, request):
    """The answer to a request on its own."""
    [answer], _ = answers(predictor, [request])
    return answer


def test_requests_that_wait_are_predicted_at_once_and_up_to_rounding_as_alone(predictor):
    requests = [[{**FLOWER, "petal_length": length + 0.5}] * (1 + length % 2) for length in range(12)]
    found, sizes = answers(predictor, requests)
    assert sizes == [18]
    for answer, request in zip(found, requests, strict=True):
        own, expected = json.loads(answer), json.loads(alone(predictor, request))
        assert [row.pop("prediction") for row in own] == [row.pop("prediction") for row in expected]
        assert own == [pytest.approx(row, abs=1e-6) for row in expected]


def test_each_request_is_predicted_alone_if_none_may_be_joined(predictor):
    requests = [{**FLOWER, "petal_length": float(length)} for length in range(5)]
    found, sizes = answers(predictor, requests, joined_rows=1)
    assert sizes == [1] * 5
    assert found == [alone(predictor, request) for request in requests]


def test_rows_beyond_the_limit_are_predicted_in_several_steps(predictor):
    found, sizes = answers(predictor, [[FLOWER] * 3] * 5, joined_rows=7)
    assert sizes == [6, 6, 3]
    assert len({json.dumps(row) for answer in found for row in json.loads(answer)}) == 1


def test_a_wrong_request_does_not_change_others(predictor):
    requests = [FLOWER, WRONG, {**FLOWER, "petal_width": 1}, {**FLOWER, "petal_width": 2.5}, [FLOWER, WRONG], {}]
    found, _ = answers(predictor, requests)
    for answer, request in zip(found, requests, strict=True):
        expected = alone(predictor, request)
        if isinstance(expected, RefusedError):
            assert (answer.status, answer.detail, answer.errors) == (422, expected.detail, expected.errors)
        else:
            own, expected = json.loads(answer), json.loads(expected)
            assert own.pop("prediction") == expected.pop("prediction")
            assert own == pytest.approx(expected, abs=1e-6)


def test_a_failure_with_several_requests_is_tried_again_with_each(predictor):
    requests = [FLOWER, [FLOWER] * 3, {**FLOWER, "petal_width": "1"}]
    found, sizes = answers(predictor, requests, fails=lambda rows: rows > 2)
    assert sizes == [5, 1, 3, 1]
    assert [type(answer) for answer in found] == [str, RefusedError, str]


def test_a_request_that_is_alone_does_not_wait_for_the_loop_once_requests_are_known_to_be_fast(predictor, monkeypatch):
    monkeypatch.setattr("hookline.serving.http.worker.LONGEST", 60)
    body = json.dumps(FLOWER).encode()

    async def requests():
        begun = [1]
        worker = Worker(predictor, Limits(), lambda: begun[0])
        first = await worker.predict(read, body)
        with pytest.raises(StopIteration) as answer:  # It ends without having waited for anything.
            worker.predict(read, body).send(None)
        begun[0] = 2
        beside_another = worker.predict(read, body)
        waited = beside_another.send(None)
        beside_another.close()
        worker.stop()
        return first, answer.value.value, waited

    first, second, waited = asyncio.run(requests())
    assert first == second == alone(predictor, FLOWER)
    assert isinstance(waited, asyncio.Future)


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ({"a": 1}, {"a": 2}, True),
        ({"a": 1}, {"a": 2.0}, False),
        ({"a": None}, {"a": 2.0}, False),
        ({"a": 1, "b": 1}, {"a": 1}, False),
        ({"a": True}, {"a": 1}, False),
    ],
)
def test_only_rows_with_cells_of_the_same_types_are_read_together(first, second, is_same):
    assert (signature([first]) == signature([second])) == is_same
    assert signature([{"a": 2**60}]) is signature([{"a": [1]}]) is signature([{"a": 1}, {"b": 1}]) is None

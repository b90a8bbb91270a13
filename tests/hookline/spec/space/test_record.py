import json
import math

from hookline.spec.space.record import TrialRecord


def test_a_record_with_infinite_numbers_is_valid_json_and_read_again():
    attributes = {"completed_rung_0": math.inf, "points": [0.5, -math.inf], "name": "a"}
    record = TrialRecord(number=1, values={"lr": 0.1}, curve={1: math.inf}, attributes=attributes)
    text = json.dumps(record.to_json(), allow_nan=False)
    assert TrialRecord.from_json(json.loads(text)) == record

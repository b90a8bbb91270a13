import json
import struct
import time
from math import isnan, nan

import pytest
from small_training import SPECS, Adding, Ending, small

import hookline

BLOCK, HEADER = 32768, struct.Struct("<IHB")


@pytest.fixture(autouse=True)
def _nothing_of_this_person_or_machine(monkeypatch):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")  # Disable telemetry.
    monkeypatch.setenv("WANDB_SILENT", "true")


def read(directory):
    """Return the records of a finished offline run, which wandb may still be writing."""
    for _ in range(300):
        records = written(directory)
        if only(records, "exit"):
            break
        time.sleep(0.1)
    return records


def written(directory):
    """Return the records that `wandb sync` would send: a log in LevelDB's format, of protocol buffers."""
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = directory.glob("wandb/offline-run-*/run-*.wandb")
    content, position, whole, records = path.read_bytes(), 7, b"", []
    while position + HEADER.size <= len(content):
        if BLOCK - position % BLOCK < HEADER.size:
            position += BLOCK - position % BLOCK  # The rest of the block has no room for another header.
            continue
        _, length, kind = HEADER.unpack_from(content, position)
        position += HEADER.size
        if position + length > len(content):
            break  # The record is still being written.
        whole += content[position : position + length]
        position += length
        if kind in (1, 4):  # A full record, or its last part.
            records.append(Record.FromString(whole))
            whole = b""
    return records


def only(records, kind):
    return [getattr(record, kind) for record in records if record.WhichOneof("record_type") == kind]


def values(items):
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def history(records):
    found = []
    for record in only(records, "history"):
        row = {name: value for name, value in values(record.item).items() if not name.startswith("_")}
        found.append(row | {"step": record.step.num})
    return found


def offline(**options):
    return {"type": "WeightsAndBiases", "mode": "offline"} | options


def test_the_example_spec_writes_the_log_and_the_spec_as_configuration(tmp_path):
    made = hookline.load(SPECS / "callbacks/WeightsAndBiases.toml")
    trial = hookline.train(made, out=tmp_path / "first")
    records = read(tmp_path / "first")
    assert history(records) == list(trial.history)
    (run,) = only(records, "run")
    assert (run.project, run.display_name, list(run.tags)) == ("diabetes", "first", ["example"])
    config = {name: value for name, value in values(run.config.update).items() if name != "_wandb"}
    assert config == hookline.spec.plain(made, tmp_path / "first")
    assert [record.exit_code for record in only(records, "exit")] == [0]


def test_given_names_are_used(tmp_path):
    hookline.train(small(offline(name="mine", group="ours")), out=tmp_path / "run")
    (run,) = only(read(tmp_path / "run"), "run")
    assert (run.project, run.display_name, run.run_group) == ("small", "mine", "ours")


def test_values_other_than_numbers_are_skipped_but_not_non_finite_numbers(tmp_path):
    odd = {"nan": nan, "none": None, "text": "a"}
    trial = hookline.train(small(offline(), epochs=1), plugins=[Adding(odd)], out=tmp_path / "run")
    (row,) = history(read(tmp_path / "run"))
    assert isnan(float(row.pop("nan")))
    assert row == {name: value for name, value in trial.history[0].items() if name not in odd}


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), 255), (RuntimeError("No more."), 1)], ids=repr)
def test_an_interruption_or_an_error_ends_the_run_with_the_data_so_far(error, status, tmp_path):
    with pytest.raises((hookline.Interrupted, hookline.errors.StageError)):
        hookline.train(small(offline()), plugins=[Ending(error, 3)], out=tmp_path / "run")
    records = read(tmp_path / "run")
    assert [row["epoch"] for row in history(records)] == [1, 2]
    assert [record.exit_code for record in only(records, "exit")] == [status]


def test_a_disabled_run_writes_nothing(tmp_path):
    hookline.train(small(offline(mode="disabled")), out=tmp_path / "run")
    assert not (tmp_path / "run/wandb").exists()


def test_an_unknown_mode_is_an_error():
    with pytest.raises(hookline.errors.SpecError, match=r"callbacks\[0\]\.mode"):
        small(offline(mode="of"))

"""Studies in a PostgreSQL database."""

import os
import signal
import time
import warnings

import postgres
import pytest
from tuning import tuned

import hookline
from hookline.cli.main import main
from hookline.errors import RunError, StorageError
from hookline.spec import TrainingRecord, TrialRecord

psycopg = pytest.importorskip("psycopg")
pytestmark = [
    pytest.mark.skipif(postgres.MISSING is not None, reason=str(postgres.MISSING)),
    # Threads of connections that are still open warn, too.
    pytest.mark.filterwarnings("ignore:.*The connection was lost:hookline.HooklineWarning"),
    pytest.mark.filterwarnings("ignore:.*Connected again:hookline.HooklineWarning"),
]


@pytest.fixture(scope="module")
def server():
    with postgres.running() as started:
        yield started


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Connect again without a pause, and draw no pictures."""
    from hookline_tune.postgresql import connection

    monkeypatch.setattr(connection, "RETRY", 0.05)
    monkeypatch.setattr("hookline.tuning.finishing.draw", lambda *_: None)


@pytest.fixture
def storage(server):
    from hookline_tune.postgresql.storage import PostgreSQL

    opened = []

    def open_storage():
        opened.append(PostgreSQL(server.url))
        return opened[-1]

    yield open_storage
    for one in opened:
        one.close()


@pytest.fixture
def stores(storage, request, monkeypatch):
    """Opens a new study again and again, as several processes do."""
    from hookline_tune.postgresql import trials

    monkeypatch.setattr(trials, "GRACE", 0.3)
    name = request.node.name
    storage().create(name, "", {"trials": 9, "monitors": ["validation/loss"], "maximized": [False]})
    return lambda: storage().open(name)


def told(study):
    return [(one.number, dict(one.values), one.state, one.results, one.curve) for one in study.records]


def query(server, text, *values):
    with psycopg.connect(server.url, autocommit=True) as connection:
        return connection.execute(text, values).fetchall()


def end_session(server, store):
    """End the session of a store at the server."""
    process = store._connection._connection.info.backend_pid
    assert query(server, "SELECT pg_terminate_backend(%s, 5000)", process) == [(True,)]


def test_a_study_has_the_same_trials_and_the_same_best_spec_as_in_a_directory(server, tmp_path):
    sampler = {"type": "TPESampler", "n_startup_trials": 2}
    spec = tuned(trials=4, type="Optuna", sampler=sampler)
    local = hookline.tune(spec, out=tmp_path / "local")
    hookline.tune(spec, storage=server.url, study="same", trials=2, out=tmp_path / "one")
    joined = hookline.tune(storage=server.url, study="same", trials=4, out=tmp_path / "two")
    assert told(joined) == told(local)
    assert (tmp_path / "two" / "best.toml").read_text() == (tmp_path / "local" / "best.toml").read_text()
    names = [record.place.rpartition("/")[0].rpartition("/")[2] for record in joined.records]
    assert names == ["one", "one", "two", "two"]
    # The first directory learns of the later trials when it is opened again.
    again = hookline.tune(resume=tmp_path / "one", storage=server.url)
    assert told(again) == told(local)
    assert (tmp_path / "one" / "trial-4" / "trial.json").read_text() == (
        tmp_path / "two" / "trial-4" / "trial.json"
    ).read_text()


def test_only_the_machine_that_trained_the_best_trial_has_its_weights(server, tmp_path):
    spec = tuned({"optimizer.lr": [0.1, 0.0001]}, type="GridSearch", trials=2)
    hookline.tune(spec, storage=server.url, study="weights", trials=1, out=tmp_path / "one")
    study = hookline.tune(spec, storage=server.url, study="weights", out=tmp_path / "two")
    assert [record.number for record in study.best] == [1]
    assert [path.parent.name for path in tmp_path.glob("*/*/model.safetensors")] == ["trial-1"]
    assert hookline.open_run(tmp_path / "one").metrics["validation/loss"] == study.best[0].results[0]
    with pytest.raises(RunError, match=r"The weights of trial 1 are in .*/one/trial-1\."):
        hookline.open_run(tmp_path / "two")


def test_a_study_of_another_spec_is_refused_with_the_differences(server, tmp_path):
    hookline.tune(tuned(trials=1), storage=server.url, study="refused", out=tmp_path / "one")
    with pytest.raises(RunError, match=r"study refused: This is the study of another spec:\n  run.epochs: 2 in the st"):
        hookline.tune(tuned(trials=1, epochs=3), storage=server.url, study="refused", out=tmp_path / "two")
    assert not (tmp_path / "two").exists()
    with pytest.raises(StorageError, match=r'There is no study refuse\. Did you mean "refused"\?'):
        hookline.tune(storage=server.url, study="refuse", out=tmp_path / "two")
    with pytest.raises(RunError, match=r"one: The trials of this study are in postgresql:///postgres\. Pass its URL"):
        hookline.tune(resume=tmp_path / "one")


def test_a_trial_has_one_claim_at_a_time(stores):
    one, other = stores(), stores()
    with one.claimed(1) as mine, other.claimed(1) as theirs, other.claimed(2) as second:
        assert mine.record is None
        assert theirs is None
        assert second is not None
    with other.claimed(1) as claim:
        assert claim.write(TrialRecord(number=1, values={}, state="finished", results=[1.0]))
    with one.claimed(1) as claim:
        assert claim is None
    assert [record.number for record in one.records([])] == [1]
    assert one.records([1]) == []


def test_records_come_back_exactly(stores):
    record = TrialRecord(number=3, values={"z": 0.1, "a": "x", "m": 1e-300}, state="finished", results=[0.1 + 0.2])
    record.curve = {1: float("nan"), 2: float("inf"), 10: 5e-324}
    record.trainings = [
        TrainingRecord(seed=seed, epoch=1, results=[one]) for seed, one in ((0, 1.0), (1, float("nan")))
    ]
    with stores().claimed(3) as claim:
        assert claim.write(record)
    [kept] = stores().records([])
    assert list(kept.values.items()) == list(record.values.items())
    assert str(kept) == str(record)  # NaN differs from itself.


def test_a_record_of_another_version_is_refused(stores, server):
    with stores().claimed(1) as claim:
        claim.write(TrialRecord(number=1, values={}, state="finished", results=[1.0]))
    query(
        server,
        'UPDATE hookline_trials SET record = \'{"number": 1, "new": 2}\' WHERE claim = %s RETURNING 1',
        claim.token,
    )
    with pytest.raises(StorageError, match=r"The record of trial 1 cannot be used: .*'new'"):
        stores().records([])


def test_a_killed_process_loses_its_claim_but_not_its_values(stores):
    waiting, begun = os.pipe()
    child = os.fork()
    if not child:
        with stores().claimed(1) as claim:
            claim.write(TrialRecord(number=1, values={"x": 0.25}))
            os.write(begun, b"!")
            time.sleep(60)
    os.read(waiting, 1)
    store = stores()
    with store.claimed(1) as claim:
        assert claim is None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for _ in range(200):  # The server notices the closed connection a moment later.
        with store.claimed(1) as claim:
            if claim is not None:
                assert claim.record.values == {"x": 0.25}
                break
        time.sleep(0.05)
    else:
        pytest.fail("The claim was not released.")
    # A process that ends a claim by itself leaves the trial to others at once.
    with stores().claimed(1) as claim:
        assert claim.record.values == {"x": 0.25}


def test_results_of_a_process_that_has_lost_its_trial_do_not_count(stores, server):
    one, other = stores(), stores()
    with one.claimed(1) as lost:
        assert lost.write(TrialRecord(number=1, values={"x": 1.0}))
        with one._connection._lock:  # The thread that would restore the claim is too late.
            end_session(server, one)
            with other.claimed(1) as claim:
                assert claim.record.values == {"x": 1.0}
                assert claim.write(TrialRecord(number=1, values={"x": 1.0}, state="finished", results=[2.0]))
        assert not lost.write(TrialRecord(number=1, values={"x": 1.0}, state="finished", results=[3.0]))
        assert lost.is_lost
    assert [record.results for record in other.records([])] == [[2.0]]


def test_a_trial_is_kept_when_the_server_restarts(server, stores):
    one = stores()
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", hookline.HooklineWarning)
        with one.claimed(1) as claim:
            assert claim.write(TrialRecord(number=1, values={"x": 1.0}))
            server.stop()
            server.start()
            with psycopg.connect(server.url) as third:
                for _ in range(100):
                    if one._locks.others_exist(third):
                        break
                    time.sleep(0.05)
                else:
                    pytest.fail("The claim was not restored.")
            assert not claim.is_lost
            assert claim.write(TrialRecord(number=1, values={"x": 1.0}, state="finished", results=[1.0]))
    said = [str(one.message) for one in noted]
    assert ["The connection was lost at" in said[0], "Connected again at" in said[-1]] == [True, True]


def test_a_study_waits_for_a_server_until_ctrl_c(server, storage, tmp_path):
    spec = tuned(trials=3)
    ended = []

    def lose(record):
        ended.append(record.number)
        server.stop()
        if record.number == 2:
            signal.raise_signal(signal.SIGINT)
        else:
            server.start()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hookline.HooklineWarning)
        with pytest.raises(KeyboardInterrupt):
            hookline.tune(spec, storage=server.url, study="waits", out=tmp_path / "one", on_end=lose)
    server.start()
    assert ended == [1, 2]
    study = hookline.tune(spec, storage=server.url, study="waits", out=tmp_path / "two")
    assert told(study) == told(hookline.tune(spec, out=tmp_path / "local"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://me:s3cret@127.0.0.1:9/db", "postgresql://127.0.0.1:9/db: The database cannot be reached. "),
        ("postgresql://me:s3cret@ab@host/db", "write special characters of a password as `%` and two digits, such as"),
        ("postgresql://me:x/s3cret@host/db", "such as %40 for @ and %2F for /"),
        ("postgresql://me:x#s3cret@host/db", "such as %40 for @ and %2F for /"),
        ("postgresql://me:s3cret%zz@host/db", "This is not a valid URL of a database, such as postgresql://user@host"),
        ("me:s3cret@host/db", "The storage must be a URL, such as `postgresql://user@host/database`."),
        ("mysql://me:s3cret@host/db", "No plugin has a storage for URLs that begin with `mysql://`."),
    ],
)
def test_wrong_urls_are_refused_without_the_password(url, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(hookline.dumps(tuned(trials=1), tmp_path))
    assert main(["tune", "mine.toml", "--storage", url]) == 2
    printed = "".join(capsys.readouterr())
    assert message in printed
    assert "s3cret" not in printed
    assert "Traceback" not in printed
    assert not (tmp_path / "runs").exists()


def test_the_command_line_creates_and_joins_a_study(server, storage, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    made = tuned({"optimizer.lr": [0.001, 0.1]}, type="GridSearch", trials=2)
    (tmp_path / "mine.toml").write_text(hookline.dumps(made, tmp_path))
    assert main(["tune", "mine.toml", "--storage", server.url, "--study", "cli", "--workers", "2"]) == 0
    assert "Its trials are in postgresql:///postgres, study cli" in capsys.readouterr().out
    monkeypatch.setenv("HOOKLINE_STORAGE", server.url)
    assert main(["tune", "--resume", "runs/tuned/1", "--quiet"]) == 0
    assert main(["tune", "mine.toml", "--study", "cli"]) == 0
    printed = capsys.readouterr().out
    assert "in which 2 trials ended before" in printed
    assert "Best: trial 2" in printed
    monkeypatch.delenv("HOOKLINE_STORAGE")
    assert main(["tune", "--join", server.url, "--study", "cli", "--quiet"]) == 0
    assert (tmp_path / "runs/tuned/1/best.toml").read_text() == (tmp_path / "runs/tuned/3/best.toml").read_text()
    storage().create("another", "", {})
    assert main(["tune", "--join", server.url]) == 2
    assert "Name the study with `--study`" in capsys.readouterr().err
    assert b"hookline@" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

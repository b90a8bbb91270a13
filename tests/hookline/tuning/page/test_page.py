import re

import pytest
from attrs import evolve
from browser import needs_chromium, tab
from made_trials import made_trials

from hookline.spec import Choices, Space
from hookline.tuning.page.page import StudyTexts, page

HOSTILE = "<script>document.title = 'taken over'</script>"


def told(**changes):
    given = {"title": "mine", "directory": "runs/mine/1", "findings": ["The best lr is at the edge."]}
    return StudyTexts(
        **{**given, "before": "[run]\nepochs = 2\nseed = 0\n", "best": "[run]\nepochs = 3\nseed = 0\n", **changes}
    )


@pytest.fixture(scope="module")
def trials():
    return made_trials(40)


@pytest.fixture(scope="module")
def html(trials):
    return page(trials, told())


def test_the_page_contains_nothing_that_a_browser_would_request(html):
    targets = re.findall(r"(?:src|href|url|data|action|srcset|poster)\s*[=(]\s*[\"']?([^\"'\s>)]*)", html)
    assert all(target.startswith("#") for target in targets)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy.startswith("default-src &#x27;none&#x27;; ")
    assert "script-src &#x27;sha256-" in policy


def test_the_table_has_every_trial_and_its_values(html, trials):
    rows = re.findall(r'<tr data-trial="(\d+)" class="([^"]*)"[^>]*>(.*?)</tr>', html)
    assert [(int(number), state.split()[0]) for number, state, _ in rows] == [
        (one.number, one.state) for one in trials.records
    ]
    assert [int(number) for number, state, _ in rows if "best" in state] == [trials.best[0].number]
    names = re.findall(r'<th [^>]*data-name="([^"]*)"', html)
    assert names == [
        "trial", "state", "validation/loss", "epochs", "time", "optimizer", "SGD.lr", "momentum", "Adam.lr", "layers",
        "dropout", "$cost", "batch_size", "reason",
    ]  # fmt: skip
    for record, (_, _, cells) in zip(trials.records, rows, strict=True):
        texts = dict(zip(names, (re.sub("<[^>]*>", "", cell) for cell in cells.split("</td>")), strict=False))
        assert texts["layers"] == ("[8]", "[8, 8]")[record.values["model.layers"]]
        assert (texts["momentum"] == "") == (record.values["optimizer"] == "Adam")
        assert texts["reason"] == (record.reason or "")


def test_the_best_spec_is_compared_with_that_of_the_study(html):
    assert re.findall(r'class="(?:removed|added)">([^<]*)\n<', html) == ["-epochs = 2", "+epochs = 3"]


def test_every_text_of_a_study_is_escaped():
    space = Space({HOSTILE: Choices(choices=(HOSTILE, "other"))})
    trials = made_trials(4, space=space, epochs=1, monitors=(HOSTILE,))
    records = [evolve(one, reason=HOSTILE) for one in trials.records]
    given = {"title": HOSTILE, "directory": HOSTILE, "findings": [HOSTILE], "before": HOSTILE, "best": f"{HOSTILE}x"}
    text = page(evolve(trials, records=records), told(**given))
    assert text.count("<script") == 1
    assert "taken over'</script" not in text


@needs_chromium
def test_trials_are_sorted_filtered_and_pointed_at(html, trials, tmp_path):
    path = tmp_path / "tune.html"
    path.write_text(html, encoding="utf-8")
    with tab(tmp_path / "profile") as browser:
        for width in (390, 1200):
            browser.open(path.as_uri(), width, is_dark=width == 390)
            assert browser.run("document.documentElement.scrollWidth") == width
        shown = "[...document.querySelectorAll('#trials tbody tr:not([hidden])')].map(row => +row.dataset.trial)"
        for _ in range(2):
            browser.run("headings[2].querySelector('button').click()")
        known = {one.number: one.results[0] for one in trials.records if one.results and one.number != 40}
        assert browser.run(shown)[1 : len(known) + 1] == sorted(known, key=lambda number: -known[number])
        browser.run("filter.value = 'optimizer=sgd momentum>0.5 finished'; filter.dispatchEvent(new Event('input'))")
        wanted = {
            one.number
            for one in trials.records
            if one.values.get("optimizer.SGD.momentum", 0) > 0.5 and one.state == "finished"
        }
        assert set(browser.run(shown)) == wanted
        points = "[...document.querySelectorAll('svg [data-trial]:not(.off)')].map(one => +one.dataset.trial)"
        assert set(browser.run(points)) == wanted
        browser.run("filter.value = ''; filter.dispatchEvent(new Event('input'))")
        place = browser.run(
            "(() => { const box = document.querySelector('svg use[data-trial=\"4\"]').getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
        assert browser.run("tip.hidden") is False
        said = browser.run("tip.textContent")
        assert said.startswith("trial4statefinished")
        assert browser.run("[...document.querySelectorAll('.lit')].every(one => one.dataset.trial === '4')")
        assert browser.run("document.querySelectorAll('.lit').length") >= len(trials.records[3].values)

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy
import pytest
from browser import dom_of, needs_chromium, screenshot
from PIL import Image
from run_directories import write_run

from hookline.check.load import Loader
from hookline.report.evidence import ClassPredictions, Evidence, Example, NumberPredictions
from hookline.report.page import page
from hookline.runs.side_by_side.summary import RunSummary

HOSTILE = "<script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">"


def classes(count, rows=2000, **options):
    """Predictions for many classes, of which every tenth row is taken for the next class."""
    truth = numpy.arange(rows) % count
    predicted = numpy.where(numpy.arange(rows) % 10 == 0, (truth + 1) % count, truth)
    names = options.pop("names", [f"class {index}" for index in range(count)])
    return ClassPredictions(split="validation", target="", names=names, truth=truth, predicted=predicted, **options)


def numbers(rows=200):
    truth = numpy.linspace(0, 1, rows)[:, None]
    return NumberPredictions(split="validation", target="", columns=("size",), truth=truth, predicted=truth**2)


def evidence(path, *predictions, label="a", **run):
    return Evidence(run=RunSummary(write_run(path, **run)), label=label, predictions=predictions)


def text_of(html):
    """What a reader sees, without tags."""
    body = html[html.index("<body") :]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def written(tmp_path, *runs):
    path = tmp_path / "report.html"
    path.write_text(page(runs, Loader()), encoding="utf-8")
    return path


def test_the_page_contains_nothing_that_a_browser_would_request(tmp_path):
    image = Example(row=1, truth="a", predicted="b", error=0.1, image=b"png")
    html = page([evidence(tmp_path / "1", classes(3, worst=[image]), numbers())], Loader())
    targets = re.findall(r"(?:src|href|url|data|action|srcset|poster)\s*[=(]\s*[\"']?([^\"'\s>)]*)", html)
    assert all(target.startswith(("#", "data:image/png;base64,")) for target in targets)
    assert not re.search(r"<(script|link|iframe|object|embed|form|base)\b|@import", html)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    assert policy.startswith("default-src &#x27;none&#x27;; ")


def test_ids_are_unique_although_there_are_several_charts(tmp_path):
    runs = [evidence(tmp_path / str(index), numbers(), lr=index + 1.0, label=f"run {index}") for index in range(2)]
    html = page(runs, Loader())
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', html))
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert all(ids.count(name) == 1 for name in used)


def test_every_text_of_a_run_is_escaped(tmp_path):
    names = [HOSTILE, "b\u202ec", "d"]
    known = {"kept": {HOSTILE: HOSTILE}, "inputs": {HOSTILE: HOSTILE}}
    example = Example(row=1, truth=HOSTILE, predicted=HOSTILE, error=0.1, **known)
    one = evidence(
        tmp_path / "<script>", classes(3, names=names, worst=[example]), notes=[HOSTILE], error=HOSTILE, label=HOSTILE
    )
    spec = one.run.directory / "spec.toml"
    spec.write_text(spec.read_text().replace('"SGD"', f"'''{HOSTILE}'''"))
    html = page([one, one], Loader())
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "\u202e" not in html
    assert html.count("&lt;script&gt;") > 10


def test_the_judgements_come_first_and_the_run_is_described(tmp_path):
    text = text_of(page([evidence(tmp_path / "1", classes(3, rows=30), losses=[0.3, 0.5, 0.6, 0.7, 0.8])], Loader()))
    assert text.index("best after the first epoch (0.3)") < text.index("Final metrics")
    assert "30 rows, of which 27 (0.9000) are predicted correctly." in text
    assert "validation/loss" not in text[text.index("Final metrics") :]
    assert "torch 2.13" in text


def test_judgements_that_several_runs_have_in_common_are_one_item(tmp_path):
    rising = [0.3, 0.5, 0.6, 0.7]
    several = [
        evidence(tmp_path / str(number), losses=[*rising, 0.8 + number / 10], label=f"run {number}")
        for number in range(4)
    ]
    html = page(several, Loader())
    text = text_of(html)
    assert html.count("Best value at an edge") == 1
    assert "Best value at an edge (4 of 4 runs)" in text
    assert all(f"run {number} validation/loss was best after the first epoch" in text for number in range(4))
    same = [evidence(tmp_path / f"same {number}", losses=[*rising, 0.8], label=f"run {number}") for number in range(4)]
    assert "Best value at an edge (run 0, run 1, run 2, run 3) validation/loss was best" in text_of(
        page(same, Loader())
    )


def test_numbers_of_other_weights_are_below_those_of_the_saved_ones(tmp_path):
    logged = {"training": {"measured": "mean over the steps of epoch 3", "metrics": {"loss": 0.25, "Accuracy": 1}}}
    text = text_of(page([evidence(tmp_path / "1", logged=logged)], Loader()))
    assert "Of other weights, training split, mean over the steps of epoch 3: loss 0.25, Accuracy 1." in text


def test_residuals_are_true_minus_predicted_as_in_an_evaluation(tmp_path):
    truth = numpy.array([[1.0], [2.0], [6.0]])
    predicted = numpy.array([[1.0], [3.0], [4.0]])
    one = NumberPredictions(split="test", target="", columns=("size",), truth=truth, predicted=predicted)
    text = text_of(page([evidence(tmp_path / "1", one)], Loader()))
    assert "residuals mean MAE RMSE RMSE of the mean R² size 0.3333 1 1.291" in text


def test_many_classes_are_listed_by_their_confusions(tmp_path):
    truth = numpy.repeat(numpy.arange(4000), 3)
    predicted = truth.copy()
    predicted[:2], predicted[3] = 7, 9
    one = ClassPredictions(
        split="test", target="", names=[f"c{index}" for index in range(4000)], truth=truth, predicted=predicted
    )
    html = page([evidence(tmp_path / "1", one)], Loader())
    assert (
        "The 2 most confused of 2 pairs of 4,000 classes: true predicted rows of the class c0 c7 2 66.7% c1 c9 1"
        in text_of(html)
    )
    assert len(html) < 200_000


@needs_chromium
def test_a_browser_shows_the_page_and_runs_nothing_of_it(tmp_path):
    requests = []

    class Recording(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Recording) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        leak = f"http://127.0.0.1:{server.server_port}"
        one = evidence(tmp_path / "1", classes(10), numbers(), notes=[f"{HOSTILE}<img src={leak}/note>"])
        path = written(tmp_path, one)
        # Even an element that is not escaped may not request anything: the policy forbids it.
        path.write_text(
            path.read_text().replace("</body>", f'<img src="{leak}/image"><script src="{leak}/script"></script></body>')
        )
        dom = dom_of(path, tmp_path / "profile")
        assert requests == []
        path.write_text(path.read_text().replace("Content-Security-Policy", "No-Policy"))
        dom_of(path, tmp_path / "profile")
        assert set(requests) == {"/image", "/script"}, "Without the policy, they are requested."
        server.shutdown()
    assert "taken over" in text_of(dom)
    assert re.findall(r"<title>(.*?)</title>", dom)[0].endswith(" - Hookline")
    assert "2000 rows" in text_of(dom).replace(",", "")
    assert dom.count("<svg") == 3


@needs_chromium
@pytest.mark.parametrize("count", [10, 4000])
def test_the_page_fits_a_phone_in_light_and_in_dark(count, tmp_path):
    path = written(tmp_path, evidence(tmp_path / "1", classes(count), numbers()))
    colors = []
    for is_dark in (False, True):
        picture = tmp_path / f"{is_dark}.png"
        screenshot(path, tmp_path / "profile", picture, 390, is_dark=is_dark)
        with Image.open(picture) as image:
            assert image.width == 390
            colors.append(image.convert("L").getpixel((2, 2)))
    light, dark = colors
    assert light > 200
    assert dark < 60

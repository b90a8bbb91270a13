import csv
from collections import Counter

import torch
from PIL import Image

import hookline

SPEC = {
    "run": {"epochs": 1, "device": "cpu"},
    "data": {"type": "CSV", "path": "many.csv", "targets": "kind", "validation": "many.csv"},
    "model": {"type": "Linear", "out_features": 101},
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD", "lr": 0.1},
    "callbacks": [{"type": "ConfusionMatrix"}],
}


def test_with_many_classes_the_table_has_the_pairs_that_occur(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many.csv").write_text(
        "x,y,kind\n" + "".join(f"{row % 7},{row % 5},c{row % 101}\n" for row in range(303))
    )
    trial = hookline.train(hookline.load(SPEC), out=tmp_path / "run")
    batches, names = list(trial.data.validation.epoch(1)), sorted(f"c{number}" for number in range(101))
    with torch.no_grad():
        said = torch.cat([trial.model(batch.input).argmax(dim=1) for batch in batches]).tolist()
    meant = torch.cat([batch.target for batch in batches]).tolist()
    expected = Counter((names[true], names[predicted]) for true, predicted in zip(meant, said, strict=True))
    with (tmp_path / "run/confusion_matrix/epoch-0001.csv").open() as file:
        head, *rows = csv.reader(file)
    assert head == ["truth", "predicted", "rows"]
    assert {(true, predicted): int(count) for true, predicted, count in rows} == expected
    with Image.open(tmp_path / "run/confusion_matrix/epoch-0001.png") as picture:
        picture.load()

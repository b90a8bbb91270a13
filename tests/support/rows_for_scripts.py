"""Small files of every format, and specs that use each option of a data source, a column kind and a transform."""

import json
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import csv, feather, parquet

ROWS = 60
COLORS = ("red", "green", "blue", "teal")
WORDS = ("the", "cat", "sat", "on", "a", "mat", "and", "saw", "Two", "dogs")
SIDE = 8


def columns(seed=0, rows=ROWS):
    """Columns of every kind, as lists."""
    random = np.random.default_rng(seed)
    start = datetime(2024, 1, 1)
    hours = random.permutation(rows)
    made = {
        "a": random.normal(3, 2, rows).round(3).tolist(),
        "b": np.exp(random.normal(0, 1, rows)).round(3).tolist(),
        "c": random.integers(0, 9, rows).tolist(),
        "signed": random.normal(0, 5, rows).round(2).tolist(),
        "color": random.choice(COLORS, rows, p=[0.5, 0.3, 0.15, 0.05]).tolist(),
        "code": random.integers(1, 5, rows).tolist(),
        "flag": random.choice(["yes", "no"], rows).tolist(),
        "money": [f"${number:,.2f}" for number in random.uniform(100, 9000, rows)],
        "day": [(start + timedelta(days=int(one))).strftime("%Y-%m-%d") for one in random.integers(0, 400, rows)],
        "german": [(start + timedelta(days=int(one))).strftime("%d.%m.%Y") for one in random.integers(0, 400, rows)],
        "time": [(start + timedelta(hours=int(one) // 2)).strftime("%Y-%m-%dT%H:%M:%S") for one in hours],
        "zoned": [(start + timedelta(hours=int(one))).strftime("%Y-%m-%dT%H:%M:%S+02:00") for one in hours],
        "number": (hours // 2).tolist(),
        "text": [" ".join(random.choice(WORDS, random.integers(1, 7))) for _ in range(rows)],
        "group": [f"p{one}" for one in random.integers(0, 12, rows)],
        "weight": random.integers(0, 5, rows).tolist(),
        "id": list(range(1000, 1000 + rows)),
        "part": random.choice(["training", "validation", "test"], rows, p=[0.6, 0.2, 0.2]).tolist(),
        "fold": random.choice(["x", "y", "z", "w"], rows).tolist(),
        "half": [None if one < 0.2 else round(float(one), 3) for one in random.random(rows)],
        "shade": [None if one < 0.2 else COLORS[int(one * 4)] for one in random.random(rows)],
        "maybe": [None if one < 0.2 else "yes" if one < 0.6 else "no" for one in random.random(rows)],
        "when": [
            None if one < 0.2 else (start + timedelta(days=int(one * 300))).strftime("%Y-%m-%d")
            for one in random.random(rows)
        ],
        "said": [None if one < 0.2 else f"{WORDS[int(one * 9)]} {WORDS[int(one * 7)]}" for one in random.random(rows)],
        "label": random.choice(["low", "mid", "high"], rows, p=[0.5, 0.3, 0.2]).tolist(),
        "kind": random.choice(["no", "yes"], rows).tolist(),
        "whole": random.integers(0, 3, rows).tolist(),
        "y": random.normal(2, 3, rows).round(3).tolist(),
        "z": np.exp(random.normal(0, 1, rows)).round(3).tolist(),
        "gap": [None if one < 0.1 else round(float(one), 3) for one in random.random(rows)],
        "lack": [None if one < 0.1 else "low" if one < 0.6 else "high" for one in random.random(rows)],
        "l1": random.integers(0, 2, rows).tolist(),
        "l2": random.integers(0, 2, rows).tolist(),
        "l3": random.integers(0, 2, rows).tolist(),
        "n1": random.integers(0, 6, rows).tolist(),
        "n2": random.integers(0, 6, rows).tolist(),
    }
    shares = random.dirichlet([1, 1, 1], rows)
    made |= {f"q{index}": shares[:, index].tolist() for index in range(3)}
    made["q2"] = (1 - shares[:, 0] - shares[:, 1]).tolist()
    for name in ("label", "kind", "whole", "color", "code"):  # Every class occurs in every split.
        different = sorted(set(made[name]), key=str)
        made[name] = [different[index % len(different)] if index < 40 else one for index, one in enumerate(made[name])]
    return made


def lists(seed=0, rows=ROWS):
    """Columns of lists, which only some formats have."""
    random = np.random.default_rng(seed + 1)
    lengths = random.integers(1, 6, rows)
    return {
        "vector": pa.FixedSizeListArray.from_arrays(pa.array(random.normal(2, 1, rows * 4).round(3)), 4),
        "image": pa.FixedSizeListArray.from_arrays(
            pa.FixedSizeListArray.from_arrays(
                pa.FixedSizeListArray.from_arrays(pa.array(random.random(rows * 2 * SIDE * SIDE).round(3)), SIDE), SIDE
            ),
            2,
        ),
        "steps": pa.array([random.normal(2, 1, length).round(3).tolist() for length in lengths]),
        "tokens": pa.array([random.integers(1, 9, length).tolist() for length in lengths]),
        "points": pa.array([random.normal(0, 1, (length, 3)).round(3).tolist() for length in lengths],
                           pa.list_(pa.list_(pa.float64(), 3))),
        "mask": pa.FixedSizeListArray.from_arrays(
            pa.FixedSizeListArray.from_arrays(pa.array(random.integers(0, 2, rows * SIDE * SIDE)), SIDE), SIDE
        ),
        "each": pa.FixedSizeListArray.from_arrays(pa.array(random.integers(0, 3, rows * 4)), 4),
    }  # fmt: skip


def arrays(seed=0, rows=ROWS):
    """Arrays of an NPZ file."""
    random = np.random.default_rng(seed + 2)
    found = columns(seed, rows)
    lengths = random.integers(1, 6, rows)
    made = {
        "x": random.normal(2, 3, (rows, 5)),
        "other": random.normal(0, 1, (rows, 5)).astype(np.float32),
        "picture": random.random((rows, 2, SIDE, SIDE)),
        "pixels": random.integers(0, 256, (rows, SIDE, SIDE), dtype=np.uint8),
        "sequence": random.normal(1, 2, (rows, 6, 3)),
        "tokens": random.integers(1, 9, (rows, 6)),
        "lengths": lengths,
        "dense": random.integers(0, 3, (rows, SIDE, SIDE)),
        "mask": random.integers(0, 2, (rows, SIDE, SIDE)).astype(np.float64),
        "holds": random.integers(0, 2, (rows, 3)),
        "shares": np.array([found[f"q{index}"] for index in range(3)]).T,
        "several": random.normal(0, 1, (rows, 2)),
        "constant": np.column_stack([np.full(rows, 0.1), random.normal(0, 1, rows)]),
    }
    made["lack"] = np.array([one or "" for one in found["lack"]])
    made["gap"] = np.array([np.nan if one is None else one for one in found["gap"]])
    for name in ("label", "kind", "y", "z", "whole", "group", "number", "time", "part", "weight", "id", "color", "a"):
        made[name] = np.array(found[name])
    return made


def write(folder):
    """Write all files."""
    folder.mkdir(parents=True, exist_ok=True)
    found = columns()
    table = pa.table(found)
    csv.write_csv(table, folder / "rows.csv")
    for index, name in enumerate(("valid", "tested"), start=1):
        csv.write_csv(pa.table(columns(index, 20)), folder / f"{name}.csv")
        with_lists = pa.table({**columns(index, 20), **lists(index, 20)})
        parquet.write_table(with_lists, folder / f"{name}.parquet")
    csv.write_csv(table.slice(0, 25), folder / "piece-1.csv")
    csv.write_csv(table.slice(25), folder / "piece-2.csv")
    keep = ["a", "b", "c", "color", "label", "y", "half", "lack"]
    small = pa.table({name: found[name] for name in keep})
    csv.write_csv(small, folder / "small.csv", csv.WriteOptions(include_header=False))
    small_lines = (folder / "small.csv").read_text().splitlines()
    header = ",".join(keep)
    (folder / "comment.csv").write_text(
        "# Made up.\n" + "\n".join([header, "# none", *small_lines[:30], "#", *small_lines[30:]])
    )
    (folder / "marks.csv").write_text("\n".join([header, *(line.replace(",,", ",NA,") for line in small_lines)]))
    (folder / "semicolon.csv").write_text(
        "\n".join([header, *small_lines]).replace(".", "d").replace(",", ";").replace("d", ",")
    )
    (folder / "latin.csv").write_bytes("\n".join([header, *small_lines]).replace("red", "röd").encode("latin-1"))
    quoted = [line.replace('"', "'") for line in (folder / "small.csv").read_text().splitlines()]
    (folder / "quoted.csv").write_text("\n".join([header, *quoted]))
    (folder / "footer.csv").write_text("\n".join(["Title", header, *small_lines, "Sum,1", "End"]))
    import gzip

    with gzip.open(folder / "packed.csv.gz", "wt") as file:
        file.write("\n".join([header, *small_lines]))
    everything = pa.table({**found, **lists()})
    parquet.write_table(everything, folder / "rows.parquet", row_group_size=16)
    feather.write_feather(everything, folder / "rows.arrow", compression="uncompressed")
    random = np.random.default_rng(9)
    large = {
        "a": random.normal(3, 2, 5000),
        "b": np.exp(random.normal(0, 1, 5000)),
        "label": random.choice(["x", "y"], 5000),
    }
    large["group"] = [f"p{one}" for one in random.integers(0, 99, 5000)]
    parquet.write_table(pa.table(large), folder / "large.parquet", row_group_size=900)
    typed = pa.table(
        {
            "a": found["a"],
            "flag": [one == "yes" for one in found["flag"]],
            "day": pa.array([datetime.fromisoformat(one).date() for one in found["day"]]),
            "stamp": pa.array([datetime.fromisoformat(one) for one in found["time"]], pa.timestamp("ms")),
            "zoned": pa.array([datetime.fromisoformat(one) for one in found["zoned"]], pa.timestamp("us", "UTC")),
            "price": pa.array(found["b"], pa.float32()),
            "color": pa.array(found["color"]).dictionary_encode(),
            "label": found["label"],
            "y": found["y"],
            "id": found["id"],
        }
    )
    parquet.write_table(typed, folder / "typed.parquet")
    with (folder / "rows.jsonl").open("w") as file:
        for row in everything.to_pylist():
            file.write(json.dumps({key: value for key, value in row.items() if value is not None}) + "\n")
    np.savez(folder / "rows.npz", **arrays())
    for index, name in enumerate(("valid", "tested"), start=1):
        np.savez(folder / f"{name}.npz", **arrays(index, 20))
    write_images(folder)


def write_images(folder):
    """Write folders of images, and a table of them."""
    random = np.random.default_rng(5)
    rows = []
    for split, count in (("photos", 12), ("photos_valid", 4), ("photos_test", 4)):
        for name in ("cat", "dog", "fox"):
            place = folder / split / name
            place.mkdir(parents=True, exist_ok=True)
            for index in range(count):
                pixels = random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{index:02}.png")
                if split == "photos":
                    rows.append((f"photos/{name}/{index:02}.png", name, float(index), round(float(random.random()), 3)))
    (folder / "photos" / "cat" / "deep").mkdir(exist_ok=True)
    Image.fromarray(random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(folder / "photos/cat/deep/one.jpg")
    for name in ("cat", "dog"):
        place = folder / "mixed" / name
        place.mkdir(parents=True, exist_ok=True)
        for index in range(10):
            size = (int(random.integers(8, 14)), int(random.integers(8, 14)), 3)
            Image.fromarray(random.integers(0, 256, size, dtype=np.uint8)).save(place / f"{index}.png")
    (folder / "broken" / "cat").mkdir(parents=True, exist_ok=True)
    (folder / "broken" / "dog").mkdir(parents=True, exist_ok=True)
    for index in range(8):
        for name in ("cat", "dog"):
            pixels = random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "broken" / name / f"{index}.png")
    (folder / "broken" / "cat" / "8.png").write_bytes(b"no image")
    names, classes, ages, prices = zip(*rows, strict=True)
    csv.write_csv(pa.table({"file": names, "animal": classes, "age": ages, "price": prices}), folder / "photos.csv")

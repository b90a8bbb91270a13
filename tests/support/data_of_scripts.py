"""Specs that use each option of the data sources, each column kind and each transform, on the files of
`rows_for_scripts`.
"""

LINEAR = {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 4}, {"type": "ReLU"}, {"type": "Linear"}]}
FLAT = {"type": "Sequential", "layers": [{"type": "Flatten"}, {"type": "Linear"}]}
BAG = {"type": "Sequential", "layers": [{"type": "EmbeddingBag", "embedding_dim": 4}, {"type": "Linear"}]}
EMBEDDED = {
    "type": "Sequential",
    "layers": [{"type": "Embedding", "embedding_dim": 4}, {"type": "Flatten"}, {"type": "Linear"}],
}
RECURRENT = {
    "type": "Sequential",
    "layers": [{"type": "LSTM", "hidden_size": 4, "returns": "last"}, {"type": "Linear"}],
}
PIXELS = {"type": "Sequential", "layers": [{"type": "Conv2d", "kernel_size": 1}]}
CROSS, SQUARED, LOGITS, HINGE = "CrossEntropyLoss", "MSELoss", "BCEWithLogitsLoss", "SoftMarginLoss"
SPLIT = {"validation": 0.2, "test": 0.2}


def spec(data, loss=CROSS, model=None, **more):
    """Return a whole spec."""
    return {
        "run": {"epochs": 2, "seed": 3, **more.pop("run", {})},
        "data": {"batch_size": 16, **data},
        "model": LINEAR if model is None else model,
        "loss": loss if isinstance(loss, dict) else {"type": loss},
        "optimizer": {"type": "SGD", "lr": 0.01},
        **more,
    }


def cases(folder):
    """Return a spec by its name."""
    made = {}
    for part in (_tables, _splits, _formats, _kinds, _targets, _sequences, _arrays, _images, _transforms, _streams):
        made |= part(str(folder))
    return made


def _csv(folder, **options):
    return {"type": "CSV", "path": f"{folder}/rows.csv", "inputs": ["a", "b"], "targets": "label", **SPLIT, **options}


def _tables(folder):
    small = {"inputs": ["a", "b"], "targets": "label", "validation": 0.3}
    made = {
        "plain": spec(_csv(folder)),
        "all options of batches": spec(_csv(folder, batch_size=7, shuffle=False, drop_last=True)),
        "standardize": spec(_csv(folder, standardize=True)),
        "float64": spec(_csv(folder, standardize=True), run={"dtype": "float64"}),
        "patterns": spec(_csv(folder, inputs=["l[123]", "a", "n?"], targets="whole")),
        "no target": spec(_csv(folder)),
        "weight_column": spec(_csv(folder, weight_column="weight")),
        "weight_column of numbers": spec(_csv(folder, targets="y", weight_column="weight"), SQUARED),
        "sampler balanced": spec(_csv(folder, sampler="balanced")),
        "sampler balanced of two": spec(_csv(folder, targets="kind", sampler="balanced"), LOGITS),
        "sampler weighted": spec(_csv(folder, sampler="weighted", sample_weights="weight")),
        "sampler num_samples": spec(_csv(folder, sampler="balanced", num_samples=21, drop_last=True)),
        "missing_targets drop": spec(_csv(folder, targets="gap", missing_targets="drop"), SQUARED),
        "missing_targets drop of classes": spec(_csv(folder, targets="lack", missing_targets="drop")),
        "missing_marks": spec(
            {"type": "CSV", "path": f"{folder}/marks.csv", **small, "targets": "lack", "missing_targets": "drop"}
        ),
        "classes": spec(_csv(folder, classes=["mid", "high", "low", "none"])),
        "classes by target": spec(_csv(folder, classes={"target": ["mid", "high", "low"]})),
        "id_columns": spec(_csv(folder, id_columns="id")),
        "dtype": spec(_csv(folder, inputs=["c", "n1"], dtype="int64"), model=EMBEDDED_8),
        "shape": spec(_csv(folder, inputs=["a", "b", "c", "y"], shape=[1, 2, 2]), model=FLAT),
        "groups of inputs": spec(
            _csv(folder, inputs={"one": ["a", "b"], "two": ["c", "y"]}, standardize={"two": True}), model=BRANCHES
        ),
        "standardize together": spec(
            _csv(folder, inputs={"one": ["a", "b"], "two": ["signed", "y"]}, standardize="together"), model=BRANCHES
        ),
        "standardize beside a kind": spec(
            _csv(folder, inputs=["a", "color", "b"], standardize=True, columns={"color": {"type": "OneHotEncoder"}})
        ),
        "shape beside a kind": spec(
            _csv(folder, inputs=["a", "b", "c", "y"], shape=[2, 2], columns={"b": {"type": "Log1p"}}), model=FLAT
        ),
        "names": spec(_csv(folder, names=[f"c{index}" for index in range(39)], header=True, inputs=["c0", "c1"], targets="c25")),
        "no header": spec({"type": "CSV", "path": f"{folder}/small.csv", **small, "names": SMALL}),
        "comment": spec({"type": "CSV", "path": f"{folder}/comment.csv", **small, "comment": "#"}),
        "dialect": spec(
            {"type": "CSV", "path": f"{folder}/semicolon.csv", **small, "delimiter": ";", "decimal_point": ","}
        ),
        "encoding": spec(
            {"type": "CSV", "path": f"{folder}/latin.csv", **small, "targets": "color", "encoding": "latin-1"}
        ),
        "footer": spec({"type": "CSV", "path": f"{folder}/footer.csv", **small, "skip_rows": 1, "skipfooter": 2}),
        "compressed": spec({"type": "CSV", "path": f"{folder}/packed.csv.gz", **small}),
        "quote_char": spec({"type": "CSV", "path": f"{folder}/quoted.csv", **small, "quote_char": "'"}),
        "no quote_char": spec({"type": "CSV", "path": f"{folder}/quoted.csv", **small, "quote_char": ""}),
        "multiline": spec(_csv(folder, multiline=True)),
        "no missing_marks": spec(_csv(folder, missing_marks=[], missing_targets="drop", targets="lack")),
        "several targets": spec(
            _csv(folder, targets={"one": "label", "two": "y"}),
            loss=None,
            losses={"one": {"type": CROSS, "target": "one", "output": "p"}, "two": {"type": SQUARED, "target": "two", "output": "q"}},
            model=HEADS,
        ),
        "weight balanced": spec(_csv(folder), {"type": CROSS, "weight": "balanced"}),
        "pos_weight balanced": spec(_csv(folder, targets=["l1", "l2"]), {"type": LOGITS, "pos_weight": "balanced"}),
    }  # fmt: skip
    del made["no target"]
    del made["several targets"]["loss"]
    return made


SMALL = ["a", "b", "c", "color", "label", "y", "half", "lack"]
EMBEDDED_8 = {
    "type": "Sequential",
    "layers": [{"type": "Embedding", "num_embeddings": 9, "embedding_dim": 4}, {"type": "Flatten"}, {"type": "Linear"}],
}
BRANCHES = {
    "type": "Sequential",
    "layers": [
        {"type": "Branches", "branches": {"one": [{"type": "Linear", "out_features": 3}], "two": []}},
        {"type": "Linear"},
    ],
}
VECTORS = {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 3}]}
LOG_MODEL = {"type": "Sequential", "layers": [{"type": "Linear"}, {"type": "LogSoftmax", "dim": 1}]}
HEADS = {
    "type": "Sequential",
    "layers": [{"type": "Heads", "heads": {"p": {"type": "Linear"}, "q": {"type": "Linear"}}}],
}


def _splits(folder):
    valid, tested = f"{folder}/valid.csv", f"{folder}/tested.csv"
    return {
        "validation file": spec(_csv(folder, validation=valid, test=0)),
        "validation and test files": spec(_csv(folder, validation=valid, test=tested, standardize=True)),
        "validation file and fraction": spec(_csv(folder, validation=0.2, test=tested, stratify=True)),
        "files and kinds": spec(
            _csv(folder, validation=valid, inputs=["a", "color", "half"], columns={
                "color": {"type": "OneHotEncoder", "handle_unknown": "ignore"},
                "half": {"type": "StandardScaler", "missing": "mean"},
            })
        ),
        "files and dropped rows": spec(
            _csv(folder, validation=valid, test=0, targets="gap", missing_targets="drop"), SQUARED
        ),
        "several files": spec(_csv(folder, path=[f"{folder}/piece-1.csv", f"{folder}/piece-2.csv"])),
        "a pattern of files": spec(_csv(folder, path=f"{folder}/piece-*.csv", validation=[valid, tested], test=0)),
        "no split": spec(_csv(folder, validation=0, test=0)),
        "stratify": spec(_csv(folder, stratify=True)),
        "stratify by column": spec(_csv(folder, stratify="color")),
        "quantiles": spec(_csv(folder, targets="y", stratify=True, quantiles=4), SQUARED),
        "train_on_validation": spec(_csv(folder, train_on_validation=True, stratify=True)),
        "train_on_validation and test file": spec(_csv(folder, train_on_validation=True, test=tested)),
        "train_on_validation of a fold": spec(
            _csv(folder, validation=0, group_column="group", folds=3, train_on_validation=True)
        ),
        "split_seed": spec(_csv(folder, split_seed=5)),
        "split_column": spec(_csv(folder, validation=0, test=0, split_column="part")),
        "split_values": spec(
            _csv(folder, validation=0, test=0, split_column="fold", split_values={"training": ["x", "y"], "test": "z", "unused": "w"})
        ),
        "split_values of all others": spec(
            _csv(folder, validation=0, test=0, split_column="fold", split_values={"training": "*", "validation": "z"})
        ),
        "split_values without others": spec(
            _csv(folder, validation=0, test=0, split_column="fold", split_values={"training": "x", "validation": "z", "unused": "*"})
        ),
        "split_values of numbers": spec(
            _csv(folder, validation=0, test=0, split_column="code", split_values={"training": [1, 2], "validation": [3, 4]})
        ),
        "folds": spec(_csv(folder, validation=0, test=0, folds=3, fold=1)),
        "folds and test": spec(_csv(folder, validation=0, folds=3)),
        "folds stratified": spec(_csv(folder, validation=0, folds=4, fold=3, stratify=True)),
        "folds stratified by quantiles": spec(
            _csv(folder, validation=0, folds=4, targets="y", stratify=True, quantiles=3), SQUARED
        ),
        "folds and test file": spec(_csv(folder, validation=0, folds=3, test=tested)),
        "groups": spec(_csv(folder, group_column="group")),
        "groups of numbers": spec(_csv(folder, group_column="code", test=0.0, validation=0.3)),
        "groups that are large": spec(_csv(folder, group_column="whole", test=0.1, validation=0.1)),
        "groups balanced": spec(_csv(folder, group_column="group", stratify=True)),
        "groups and folds": spec(_csv(folder, validation=0, group_column="group", folds=3, fold=2)),
        "groups and folds balanced": spec(_csv(folder, validation=0, test=0, group_column="group", folds=3, stratify=True)),
        "times": spec(_csv(folder, time_column="number")),
        "times as text": spec(_csv(folder, time_column="time", gap=2)),
        "times as dates": spec(_csv(folder, time_column="day", test=0.0)),
        "times with zones": spec(_csv(folder, time_column="zoned")),
        "times and folds": spec(_csv(folder, validation=0, test=0, time_column="number", folds=3, fold=1)),
        "times and folds and test": spec(_csv(folder, validation=0, time_column="time", folds=3, fold=2, gap=1)),
        "sampler and groups": spec(_csv(folder, group_column="group", sampler="balanced")),
    }  # fmt: skip


def _formats(folder):
    made = {}
    for name, path in {"Parquet": "rows.parquet", "Arrow": "rows.arrow", "JSONLines": "rows.jsonl"}.items():
        source = {"type": name, "path": f"{folder}/{path}", **SPLIT}
        made |= {
            f"{name}": spec({**source, "inputs": ["a", "c"], "targets": "label", "standardize": True}),
            f"{name} stratified": spec({**source, "inputs": ["a", "c"], "targets": "label", "stratify": True}),
            f"{name} dropped": spec(
                {**source, "inputs": ["a", "c"], "targets": "lack", "missing_targets": "drop", "stratify": True}
            ),
            f"{name} kinds": spec(
                {**source, "inputs": ["a", "color", "half", "day", "maybe"], "targets": "y", "columns": {
                    "color": {"type": "OneHotEncoder"}, "half": {"type": "RobustScaler", "missing": "median"},
                    "day": {"type": "Date"}, "maybe": {"type": "Boolean", "missing": "most_frequent"}}}, SQUARED
            ),
            f"{name} vector": spec({**source, "inputs": "vector", "targets": "label", "standardize": True}),
            f"{name} image": spec({**source, "inputs": "image", "targets": "label", "shape": [2, 8, 8]}, model=FLAT),
            f"{name} steps": spec({**source, "inputs": "points", "targets": "label"}, model=RECURRENT),
        }  # fmt: skip
        if name != "JSONLines":  # It has no lists of a fixed size.
            both = {**source, "inputs": ["vector", "a"], "targets": "label", "standardize": True}
            made[f"{name} vector and column"] = spec(both)
    source = {"type": "Parquet", "path": f"{folder}/typed.parquet", **SPLIT}
    types = {"flag": "Boolean", "day": "Date", "stamp": "Date", "zoned": "Date", "color": "OneHotEncoder"}
    made |= {
        f"Parquet type {name}": spec(
            {**source, "inputs": ["a", name], "targets": "label", "columns": {name: {"type": kind}}}
        )
        for name, kind in types.items()
    }
    made["Parquet type bool and float32"] = spec(
        {**source, "inputs": ["flag", "price"], "targets": "label", "standardize": True}
    )
    made["Parquet day as category"] = spec(
        {**source, "inputs": ["day"], "targets": "label", "columns": {
            "day": {"type": "OneHotEncoder", "min_frequency": 2, "handle_unknown": "infrequent_if_exist"}}}
    )  # fmt: skip
    made["Parquet times"] = spec({**source, "inputs": ["a"], "targets": "label", "time_column": "stamp"})
    made["Parquet files"] = spec(
        {"type": "Parquet", "path": f"{folder}/rows.parquet", "validation": f"{folder}/valid.parquet",
         "test": f"{folder}/tested.parquet", "inputs": "vector", "targets": "label"}
    )  # fmt: skip
    return made


NUMBERS = {
    "Number": [{}, {"missing": "median", "indicator": True}],
    "Binarizer": [{"threshold": 2.5}],
    "Log1p": [{}],
    "StandardScaler": [{}, {"with_mean": False}, {"with_std": False}, {"missing": "mean", "indicator": True}],
    "MinMaxScaler": [{}, {"feature_range": [-1, 1], "clip": True}],
    "MaxAbsScaler": [{}],
    "RobustScaler": [
        {},
        {"with_centering": False},
        {"with_scaling": False},
        {"quantile_range": [10, 80], "unit_variance": True},
    ],
    "KBinsDiscretizer": [
        {},
        {"strategy": "uniform", "n_bins": 3},
        {"n_bins": 4, "missing": "median", "indicator": True},
    ],
    "PowerTransformer": [{}, {"method": "box-cox"}, {"standardize": False}],
    "QuantileTransformer": [{}, {"output_distribution": "normal", "n_quantiles": 9}],
}
CATEGORIES = [
    {},
    {"categories": ["teal", "blue", "green", "red", "pink"]},
    {"min_frequency": 12, "missing": "category"},
    {"min_frequency": 0.2},
    {"max_categories": 3},
]


def _kinds(folder):
    made = {}

    def add(name, columns, loss=CROSS, model=None, **more):
        data = _csv(folder, inputs=list(columns), columns=columns, **more)
        made[name] = spec(data, loss, model)

    for kind, several in NUMBERS.items():
        for options in several:
            column = "half" if "missing" in options else "b"
            add(f"{kind} {options}", {column: {"type": kind, **options}})
            if not options and kind != "PowerTransformer":
                add(
                    f"{kind} of negative numbers",
                    {"a" if kind != "Log1p" else "c": {"type": kind}, "c": {"type": kind}},
                )
    add("Power of negative numbers", {"signed": {"type": "PowerTransformer"}})
    for missing in ("drop", "mean", "median", "most_frequent", 2.5):
        add(f"missing {missing}", {"half": {"type": "MaxAbsScaler", "missing": missing}, "a": {"type": "Number"}})
        if missing != 2.5:
            add(f"date missing {missing}", {"when": {"type": "Date", "missing": missing}})
    add("Power missing", {"half": {"type": "PowerTransformer", "missing": "mean", "indicator": True}})
    add("Quantile missing", {"half": {"type": "QuantileTransformer", "missing": "mean", "indicator": True}})
    add(
        "drop of two columns",
        {"half": {"type": "Number", "missing": "drop"}, "when": {"type": "Date", "missing": "drop"}},
    )
    add("drop and stratify", {"half": {"type": "Number", "missing": "drop"}}, stratify=True)
    add(
        "bins as indices",
        {
            "a": {"type": "KBinsDiscretizer", "encode": "ordinal"},
            "b": {"type": "KBinsDiscretizer", "encode": "ordinal"},
        },
        model=EMBEDDED_8,
    )
    for kind in ("Binarizer", "Log1p", "MaxAbsScaler", "MinMaxScaler", "RobustScaler", "KBinsDiscretizer"):
        add(f"{kind} with indicator", {"half": {"type": kind, "missing": "mean", "indicator": True}})
    add("money", {"money": {"type": "StandardScaler", "thousands": ",", "affixes": ["$"]}})
    add("Boolean", {"flag": {"type": "Boolean"}, "maybe": {"type": "Boolean", "missing": "mean", "indicator": True}})
    add(
        "Boolean values",
        {"color": {"type": "Boolean", "true_values": ["red", "blue"], "false_values": ["green", "teal"]}},
    )
    add(
        "Boolean missing drop",
        {"maybe": {"type": "Boolean", "missing": "drop"}, "code": {"type": "Binarizer", "threshold": 2}},
    )
    for options in CATEGORIES:
        column = "shade" if "missing" in options else "color"
        for kind, model in (("OneHotEncoder", None), ("OrdinalEncoder", EMBEDDED)):
            unknown = {"handle_unknown": "infrequent_if_exist"} if "min_frequency" in options else {}
            add(f"{kind} {options}", {column: {"type": kind, **options, **unknown}}, model=model)
    add("OneHot numbers", {"code": {"type": "OneHotEncoder"}, "n1": {"type": "OneHotEncoder"}})
    add("OneHot drop first", {"color": {"type": "OneHotEncoder", "drop": "first"}})
    add(
        "OneHot drop if_binary",
        {
            "color": {"type": "OneHotEncoder", "drop": "if_binary"},
            "flag": {"type": "OneHotEncoder", "drop": "if_binary"},
        },
    )
    add("OneHot ignore", {"group": {"type": "OneHotEncoder", "handle_unknown": "ignore"}})
    add("OneHot most_frequent", {"shade": {"type": "OneHotEncoder", "missing": "most_frequent"}})
    add("OneHot missing drop", {"shade": {"type": "OneHotEncoder", "missing": "drop"}})
    add("Ordinal unknown", {"group": {"type": "OrdinalEncoder", "handle_unknown": "use_encoded_value"}}, model=EMBEDDED)
    add(
        "Ordinal missing",
        {"shade": {"type": "OrdinalEncoder", "missing": "category", "handle_unknown": "use_encoded_value"}},
        model=EMBEDDED,
    )
    add("Date", {"day": {"type": "Date"}})
    add(
        "Date as it is",
        {"day": {"type": "Date", "standardize": False, "parts": ["year", "quarter", "week", "day_of_year"]}},
    )
    add(
        "Date cyclic",
        {"time": {"type": "Date", "cyclic": True, "parts": ["year", "month", "weekday", "hour", "minute"]}},
    )
    add("Date since", {"day": {"type": "Date", "since": "2020-01-01", "parts": ["days", "seconds", "month"]}})
    add("Date format", {"german": {"type": "Date", "format": "%d.%m.%Y", "parts": ["days", "month"]}})
    add("Date timezone", {"zoned": {"type": "Date", "timezone": "Europe/Berlin", "parts": ["hour", "days"]}})
    add("Date with zone", {"zoned": {"type": "Date", "parts": ["hour", "days"]}})
    add("Date indicator", {"when": {"type": "Date", "missing": "median", "indicator": True, "cyclic": True}})
    add("Hashing", {"text": {"type": "HashingVectorizer", "n_features": 8}})
    add(
        "Hashing options",
        {
            "said": {
                "type": "HashingVectorizer",
                "n_features": 8,
                "ngram_range": [1, 2],
                "norm": "l1",
                "missing": "empty",
                "lowercase": False,
                "binary": True,
                "alternate_sign": False,
            }
        },
    )
    add(
        "Hashing characters",
        {
            "text": {
                "type": "HashingVectorizer",
                "n_features": 8,
                "analyzer": "char",
                "ngram_range": [2, 3],
                "norm": "none",
            }
        },
    )
    add("Hashing pattern", {"text": {"type": "HashingVectorizer", "n_features": 8, "token_pattern": "[a-z]+"}})
    add("Hashing indices", {"text": {"type": "HashingVectorizer", "n_features": 8, "output": "indices"}}, model=BAG)
    add("Hashing missing drop", {"said": {"type": "HashingVectorizer", "n_features": 8, "missing": "drop"}})
    add("Tokens", {"text": {"type": "Tokens"}}, model=BAG)
    add(
        "Tokens options",
        {
            "said": {
                "type": "Tokens",
                "lowercase": False,
                "missing": "empty",
                "max_features": 5,
                "min_frequency": 2,
                "max_length": 1,
            }
        },
        model=BAG,
    )
    add("Tokens of characters", {"text": {"type": "Tokens", "token_pattern": ".", "max_length": 9}}, model=BAG)
    add("Tokens missing drop", {"said": {"type": "Tokens", "missing": "drop"}}, model=BAG)
    made["kinds and numbers"] = spec(
        _csv(
            folder,
            inputs=["c", "color", "y", "b"],
            columns={"color": {"type": "OneHotEncoder"}, "b": {"type": "Log1p"}},
        )
    )
    made["groups with kinds"] = spec(
        _csv(
            folder,
            inputs={"one": ["a", "b"], "two": "color"},
            columns={"*": {"type": "StandardScaler"}, "color": {"type": "OneHotEncoder"}},
        ),
        model=BRANCHES,
    )
    for kind, options, column in (
        ("StandardScaler", {}, "y"), ("StandardScaler", {"with_mean": False}, "y"), ("MinMaxScaler", {}, "y"),
        ("MaxAbsScaler", {}, "y"), ("RobustScaler", {}, "y"), ("Log1p", {}, "z"), ("Number", {}, "y"),
        ("PowerTransformer", {}, "y"), ("PowerTransformer", {"method": "box-cox"}, "z"),
        ("PowerTransformer", {"standardize": False}, "z"),
        ("QuantileTransformer", {}, "y"), ("QuantileTransformer", {"output_distribution": "normal"}, "y"),
        ("StandardScaler", {"missing": "drop"}, "gap"),
    ):  # fmt: skip
        made[f"target {kind} {options}"] = spec(
            _csv(folder, targets=column, columns={column: {"type": kind, **options}}),
            SQUARED,
            metrics=[{"type": "MeanAbsoluteError"}],
        )
    made["two targets with kinds"] = spec(
        _csv(folder, targets=["y", "z"], columns={"y": {"type": "StandardScaler"}, "z": {"type": "Log1p"}}),
        SQUARED,
        metrics=[{"type": "MeanAbsoluteError"}],
    )
    return made


def _targets(folder):
    model = {"type": "Sequential", "layers": [{"type": "Linear"}]}
    return {
        "classes of integers": spec(_csv(folder, targets="whole")),
        "classes of columns": spec(_csv(folder, targets=["q0", "q1", "q2"])),
        "two classes": spec(_csv(folder, targets="kind"), LOGITS),
        "two classes given": spec(_csv(folder, targets="kind", classes=["yes", "no"]), LOGITS),
        "signs": spec(_csv(folder, targets="kind"), HINGE),
        "signs given": spec(_csv(folder, targets="kind", classes=["yes", "no"]), HINGE),
        "labels": spec(_csv(folder, targets=["l1", "l2", "l3"]), LOGITS),
        "labels as indices": spec(_csv(folder, targets=["l1", "l2", "l3"]), "MultiLabelMarginLoss"),
        "numbers": spec(_csv(folder, targets=["y", "z"]), SQUARED),
        "counts": spec(_csv(folder, targets=["n1", "n2"]), "PoissonNLLLoss"),
        "distribution": spec(_csv(folder, targets=["q0", "q1", "q2"]), "KLDivLoss", LOG_MODEL),
        "multi margin": spec(_csv(folder), "MultiMarginLoss", model),
    }


def _sequences(folder):
    source = {"type": "Parquet", "path": f"{folder}/rows.parquet", **SPLIT, "targets": "label"}
    recurrent = {
        "type": "Sequential",
        "layers": [{"type": "Embedding", "num_embeddings": 9, "embedding_dim": 4}, *RECURRENT["layers"]],
    }
    text = {"words": "text", "numbers": ["a", "b"]}
    both = {
        "type": "Sequential",
        "layers": [
            {"type": "Branches", "branches": {"words": [{"type": "EmbeddingBag", "embedding_dim": 3}], "numbers": []}},
            {"type": "Linear"},
        ],
    }
    return {
        "steps": spec({**source, "inputs": "points"}, model=RECURRENT),
        "steps standardized": spec({**source, "inputs": "points", "standardize": True}, model=RECURRENT),
        "steps of integers": spec({**source, "inputs": "tokens", "dtype": "int64"}, model=recurrent),
        "tokens and numbers": spec(_csv(folder, inputs=text, columns={"text": {"type": "Tokens"}}), model=both),
        "class for each pixel": spec(
            {**source, "inputs": "image", "shape": [2, 8, 8], "targets": "mask"}, model=PIXELS
        ),
    }  # fmt: skip


def _arrays(folder):
    def npz(**options):
        return {"type": "NPZ", "path": f"{folder}/rows.npz", "inputs": "x", "targets": "label", **SPLIT, **options}

    return {
        "NPZ": spec(npz(standardize=True)),
        "NPZ constant": spec(npz(inputs="constant", standardize=True)),
        "NPZ files": spec(npz(validation=f"{folder}/valid.npz", test=f"{folder}/tested.npz", standardize=True)),
        "NPZ weights": spec(npz(weight_column="weight")),
        "NPZ sampler": spec(npz(sampler="balanced")),
        "NPZ groups": spec(npz(group_column="group", stratify=True)),
        "NPZ times": spec(npz(time_column="time")),
        "NPZ split_column": spec(npz(split_column="part", validation=0, test=0)),
        "NPZ together": spec(npz(inputs={"one": "x", "two": "other"}, standardize="together"), model=BRANCHES),
        "NPZ image": spec(npz(inputs="picture", standardize=True), model=FLAT),
        "NPZ lengths": spec(npz(inputs="sequence", lengths={"sequence": "lengths"}), model=RECURRENT),
        "NPZ lengths standardized": spec(
            npz(inputs="sequence", lengths={"sequence": "lengths"}, standardize=True), model=RECURRENT
        ),
        "NPZ classes": spec(npz(classes=["mid", "high", "low"])),
        "NPZ shares": spec(npz(targets="shares")),
        "NPZ holds": spec(npz(targets="holds"), LOGITS),
        "NPZ pixels": spec(npz(inputs="picture", targets="dense"), model=PIXELS),
        "NPZ mask": spec(npz(inputs="picture", targets="mask"), LOGITS, model=PIXELS),
        "NPZ numbers": spec(npz(targets="several"), SQUARED),
        "NPZ transforms": spec(
            npz(inputs="picture", transforms=[{"type": "RandomHorizontalFlip"}, {"type": "Normalize"}]), model=FLAT
        ),
        "NPZ missing_targets": spec(npz(targets="gap", missing_targets="drop"), SQUARED),
        "NPZ missing_targets of text": spec(
            npz(targets="lack", missing_targets="drop", validation=f"{folder}/valid.npz", train_on_validation=False)
        ),
        "NPZ split_values": spec(
            npz(split_column="part", split_values={"training": ["training", "test"], "validation": "*"}, validation=0, test=0)
        ),
        "NPZ sampler weighted": spec(npz(sampler="weighted", sample_weights="weight", num_samples=9)),
        "NPZ times and gap": spec(npz(time_column="number", gap=1)),
        "NPZ quantiles": spec(npz(targets="y", stratify=True, quantiles=3, split_seed=4), SQUARED),
        "NPZ ids": spec(npz(id_columns="id", shuffle=False, drop_last=True)),
        "NPZ integers": spec(npz(inputs="tokens", dtype="int64"), model=EMBEDDED_8),
        "Pairs of one class": spec(
            {"type": "Pairs", "source": npz(stratify=True), "same": 0.8, "drop_last": True, "shuffle": False},
            "CosineEmbeddingLoss", VECTORS,
        ),
        "Triplets": spec({"type": "Triplets", "source": npz(stratify=True), "drop_last": True}, "TripletMarginLoss", VECTORS),
        "RankedPairs": spec(
            {"type": "RankedPairs", "source": npz(targets="y", standardize=True)}, "MarginRankingLoss",
            {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 1}]},
        ),
        "NPZ folds": spec(npz(validation=0, folds=3, stratify=True)),
        "Pairs": spec(
            {"type": "Pairs", "source": npz()}, "CosineEmbeddingLoss", {"type": "Sequential", "layers": [{"type": "Linear", "out_features": 3}]}
        ),
    }  # fmt: skip


def _images(folder):
    def photos(**options):
        return {"type": "ImageFolder", "path": f"{folder}/photos", "validation": 0.25, **options}

    def table(**options):
        source = {"type": "CSV", "path": f"{folder}/photos.csv", "inputs": "file", "targets": "animal", **SPLIT}
        source |= options.pop("source", {})
        return {"type": "Images", "image_column": "file", "source": source, **options}

    mixed = {"type": "ImageFolder", "path": f"{folder}/mixed", "validation": 0.25}
    both = {
        "type": "Sequential",
        "layers": [
            {"type": "Branches", "branches": {"image": [{"type": "Flatten"}], "numbers": []}},
            {"type": "Linear"},
        ],
    }
    broken = {"type": "ImageFolder", "path": f"{folder}/broken", "validation": 0.25, "skip_unreadable": True}
    made = {
        "ImageFolder": photos(stratify=True, test=0.2),
        "ImageFolder gray": photos(mode="L", size=6),
        "ImageFolder RGBA": photos(mode="RGBA", size=[5, 7], resize="pad", interpolation="bicubic", upright=False),
        "ImageFolder folds": photos(validation=0, folds=3, fold=1, stratify=True),
        "ImageFolder folders": photos(validation=f"{folder}/photos_valid", test=f"{folder}/photos_test"),
        "ImageFolder folder and fraction": photos(test=f"{folder}/photos_test"),
        "ImageFolder sizes": {**mixed, "size": 8},
        "ImageFolder stretch": {**mixed, "size": [8, 9], "resize": "stretch", "interpolation": "lanczos"},
        "ImageFolder no cache": photos(cache=0.0),
        "ImageFolder unreadable": broken,
        "Images": table(),
        "Images transforms": table(transforms=[{"type": "RandomVerticalFlip"}, {"type": "Normalize"}]),
        "Images number": table(source={"targets": "price"}),
        "Images folder": table(folder=folder),
        "Images stratify": table(source={"stratify": True}, mode="L", size=4),
        "Images and numbers": table(source={"inputs": {"image": "file", "numbers": "age"}, "standardize": {"numbers": True}}),
        "Images and kinds": table(
            source={"inputs": {"image": "file", "numbers": "age"}, "columns": {"age": {"type": "MinMaxScaler"}}},
            transforms=[{"type": "RandomHorizontalFlip"}],
        ),
    }  # fmt: skip
    models = {
        name: both if "inputs" in data.get("source", {}) and isinstance(data["source"]["inputs"], dict) else FLAT
        for name, data in made.items()
    }
    return {
        name: spec(data, SQUARED if "number" in name.split() else CROSS, models[name]) for name, data in made.items()
    }


TRANSFORMS = {
    "CenterCrop": [{"size": 5}, {"size": [4, 6]}],
    "RandomCrop": [
        {"size": 8, "padding": 2},
        {"size": [5, 6]},
        {"size": 8, "padding": [1, 2], "fill": 0.5},
        {"size": 8, "padding": [1, 2, 3, 0], "fill": [0.1, 0.2, 0.3]},
        {"size": 8, "padding": 1, "padding_mode": "edge"},
        {"size": 8, "padding": 2, "padding_mode": "reflect"},
    ],
    "RandomHorizontalFlip": [{}, {"p": 0.2}],
    "RandomVerticalFlip": [{}],
    "Normalize": [{}, {"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7]}],
    "ColorJitter": [
        {"brightness": 0.3},
        {"contrast": 0.3, "saturation": [0.5, 1.5]},
        {"brightness": 0.4, "contrast": 0.3, "saturation": 0.3, "hue": 0.2},
    ],
    "RandomResizedCrop": [
        {"size": 6},
        {"size": [5, 7], "scale": [0.5, 0.9], "ratio": [0.5, 2.0], "interpolation": "nearest"},
        {"size": 6, "interpolation": "bicubic", "antialias": False},
        {"size": 6, "scale": [0.9, 1.0], "ratio": [2.0, 3.0]},
    ],
    "RandomErasing": [
        {},
        {"p": 0.9, "scale": [0.1, 0.5], "value": 0.5},
        {"p": 0.8, "value": [0.1, 0.5, 0.9]},
        {"p": 0.8, "value": "random"},
    ],
    "RandomRotation": [
        {"degrees": 30},
        {"degrees": [10, 40], "interpolation": "bilinear"},
        {"degrees": 45, "fill": 0.5},
        {"degrees": 45, "interpolation": "bilinear", "fill": [0.1, 0.5, 0.9]},
    ],
}


def _transforms(folder):
    made = {}
    for kind, several in TRANSFORMS.items():
        for options in several:
            data = {"type": "ImageFolder", "path": f"{folder}/photos", "validation": 0.25}
            made[f"{kind} {options}"] = spec({**data, "transforms": [{"type": kind, **options}]}, model=FLAT)
    both = [{"type": "RandomHorizontalFlip"}, {"type": "RandomRotation", "degrees": 9}, {"type": "Normalize"}]
    source = {"type": "CSV", "path": f"{folder}/rows.csv", "targets": "label", **SPLIT, "inputs": ["a", "b", "c", "y"]}
    made["transforms of a table"] = spec({**source, "shape": [1, 2, 2], "transforms": both}, model=FLAT)
    made["transforms of lists"] = spec(
        {"type": "Parquet", "path": f"{folder}/rows.parquet", "targets": "label", **SPLIT, "inputs": "image",
         "shape": [2, 8, 8], "transforms": both}, model=FLAT,
    )  # fmt: skip
    return made


def _streams(folder):
    def parquet(**options):
        return {
            "type": "Parquet", "path": f"{folder}/rows.parquet", "stream": True, "inputs": ["a", "b"],
            "targets": "label", **SPLIT, **options,
        }  # fmt: skip

    large = {"path": f"{folder}/large.parquet", "batch_size": 512}
    return {
        "stream of windows": spec(parquet(**large, standardize=True)),
        "stream of windows with kinds": spec(
            parquet(**large, pool=100, columns={"a": {"type": "StandardScaler"}, "b": {"type": "MinMaxScaler"}})
        ),
        "stream of large groups": spec(parquet(**large, standardize=True, group_column="group")),
        "stream with train_on_validation": spec(parquet(train_on_validation=True, standardize=True)),
        "stream": spec(_csv(folder, stream=True)),
        "stream in pools": spec(_csv(folder, stream=True, pool=16)),
        "stream Parquet": spec(parquet()),
        "stream Parquet in pools": spec(parquet(pool=20, drop_last=True)),
        "stream in order": spec(parquet(shuffle=False)),
        "stream standardized": spec(parquet(standardize=True)),
        "stream kinds": spec(
            parquet(inputs=["a", "b", "color", "half"], columns={
                "a": {"type": "MinMaxScaler"}, "b": {"type": "StandardScaler"}, "color": {"type": "OneHotEncoder"},
                "half": {"type": "StandardScaler", "missing": "mean"}})
        ),
        "stream files": spec(parquet(validation=f"{folder}/valid.parquet", test=f"{folder}/tested.parquet")),
        "stream groups": spec(parquet(group_column="group")),
        "stream split_column": spec(parquet(split_column="part", validation=0, test=0)),
        "stream weights": spec(parquet(weight_column="weight")),
        "stream dropped": spec(parquet(targets="lack", missing_targets="drop")),
        "stream transforms": spec(
            parquet(inputs="image", shape=[2, 8, 8], transforms=[{"type": "RandomHorizontalFlip"}]), model=FLAT
        ),
    }  # fmt: skip

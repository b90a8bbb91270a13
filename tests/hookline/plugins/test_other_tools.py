import re
from collections import Counter
from pathlib import Path

import pytest
import tomli
from attrs import fields
from small_training import SPECS

from hookline.check.load import Loader
from hookline.check.toml.document import from_table
from hookline.plugins import other_tools
from hookline.plugins.manager import Plugins
from hookline.spec.training import TrainingSpec

LOADER = Loader()
IRIS = tomli.loads((SPECS / "iris.toml").read_text())
TABLE = tomli.loads(Path(other_tools.__file__).with_suffix(".toml").read_text())


def help_for(section=None, *, loss=None, callbacks=(), **options):
    """The help for unknown options in a section of the spec, or at its top."""
    table = IRIS | {"data": IRIS["data"] | {"path": str((SPECS / "data/iris.csv").resolve())}}
    table |= {"callbacks": list(callbacks)} if callbacks else {}
    table |= {"loss": loss} if loss else {}
    table |= options if section is None else {section: table[section] | options}
    problems = LOADER.check(from_table(table))
    return [problem.help for problem in problems if problem.path[-1] in options]


@pytest.mark.parametrize(
    ("section", "option", "value", "sentence"),
    [
        (None, "max_epochs", 20, 'Hookline calls it "epochs", in [run]: epochs = 20.'),
        ("run", "num_train_epochs", 3, 'Hookline calls it "epochs", which is already set.'),
        ("run", "random_state", 3, 'Did you mean "seed"?'),
        ("run", "learning_rate", 0.1, 'Hookline calls it "lr", in [optimizer]: lr = 0.1.'),
        ("run", "lr", 0.1, "It is an option of Adam, in [optimizer], where it is set already."),
        ("run", "train_batch_size", 8, 'Hookline calls it "batch_size", in [data]: batch_size = 8.'),
        ("run", "validation_split", 0.2, 'Hookline calls it "validation", in [data]: validation = 0.2.'),
        ("run", "accelerator", "gpu", 'Did you mean "device", as in device = "cuda"?'),
        (
            "run",
            "gradient_clip_val",
            0.5,
            'GradientClipping does that: [[callbacks]] with type = "GradientClipping" and max_norm = 0.5.',
        ),
        (
            "run",
            "gradient_accumulation_steps",
            4,
            'Did you mean "accumulate"? `batch_size` is the size of the whole batch, which is split into this many parts.',
        ),
        (
            "run",
            "check_val_every_n_epoch",
            5,
            'Did you mean "validate_every_epochs"?',
        ),
        (
            "run",
            "val_step",
            5,
            'Did you mean "validate_every_steps"?',
        ),
        (
            "run",
            "fp16",
            True,
            "Mixed precision is not supported; `dtype` in [run] applies to the whole run. Remove this option.",
        ),
        (
            "run",
            "early_stopping_patience",
            7,
            'EarlyStopping does that: [[callbacks]] with type = "EarlyStopping" and patience = 7.',
        ),
        ("run", "label", "species", 'Hookline calls it "targets", in [data]: targets = "species".'),
        ("data", "num_workers", 4, "The data is kept in memory and needs no workers. Remove this option."),
        ("loss", "class_weights", [1.0, 2.0, 3.0], 'Did you mean "weight"?'),
        ("run", "class_weights", [1.0, 2.0, 3.0], 'Hookline calls it "weight", in [loss]: weight = ….'),
        ("loss", "pos_weight", [2.0], 'Did you mean "weight"?'),
        ("optimizer", "adam_beta1", 0.9, 'Did you mean "betas", as in betas = [0.9, 0.999]?'),
    ],
)
def test_a_key_of_another_tool_is_reported_with_hooklines_name(section, option, value, sentence):
    assert help_for(section, **{option: value}) == [sentence]


def test_an_option_that_the_component_lacks_is_reported():
    [sentence] = help_for("loss", class_weights=[1.0], loss={"type": "MSELoss", "class_weights": [1.0]})
    assert sentence == 'It would be "weight" in [loss], but MSELoss has no such option.'


def test_an_option_of_a_listed_callback_is_suggested_there():
    [sentence] = help_for("run", max_grad_norm=0.5, callbacks=[{"type": "GradientClipping"}])
    assert sentence == "GradientClipping does that, in its [[callbacks]] table: max_norm = 0.5."


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("scheduler", {"type": "StepLR", "step_size": 3}, 'type = "StepLR" and step_size = 3.'),
        ("scheduler", {"type": "StepLR", "stepsize": 3}, 'type = "StepLR" and step_size = ….'),
        ("lr_scheduler", "ExponentialLR", 'type = "ExponentialLR" and gamma = ….'),
        ("lr_scheduler", "cosine", 'type = "CosineAnnealingLR" and T_max = ….'),
        ("scheduler", {"type": "Unknown"}, 'type = "CosineAnnealingLR" and T_max = ….'),
    ],
)
def test_a_component_that_the_value_names_is_suggested(key, value, sentence):
    name = sentence.split('"')[1]
    assert help_for(**{key: value}) == [
        f"{name} does that: [[callbacks]] with {sentence} `hookline list schedulers` lists the others."
    ]


def test_a_section_of_another_tool_is_checked_as_hooklines_section():
    problems = LOADER.check(from_table({**IRIS, "trainer": {"max_epochs": 3}}))
    assert [str(problem) for problem in problems if problem.path[0] == "trainer"] == [
        'trainer: There is no key "trainer". Hookline calls this section [run].',
        'trainer.max_epochs: There is no key "max_epochs". Did you mean "epochs"?',
    ]


def test_a_type_of_another_tool_is_reported_with_hooklines_name():
    table = {**IRIS, "model": {"type": "Dense", "units": 3}, "metrics": [{"type": "mse"}]}
    assert [str(problem) for problem in LOADER.check(from_table(table)) if problem.path[0] != "data"][:3] == [
        'model.type: There is no model called "Dense". Did you mean "Linear"?',
        'model.units: Linear has no option "units". Did you mean "out_features"?',
        'metrics[0].type: There is no metric called "mse". Did you mean "MeanSquaredError"?',
    ]


def test_no_word_is_listed_twice():
    for kind in ("keys", "sections", "types"):
        counts = Counter(word.lower() for entry in TABLE[kind] for word in entry["words"].split())
        assert [word for word, times in counts.items() if times > 1] == []


def test_all_names_in_the_table_exist():
    known = {kind.__name__: {option.name for option in fields(kind)} for kind in Plugins().catalog}
    sections = {option.name: option.type for option in fields(TrainingSpec)}
    homes = {"layer": "layer", "data": "data source", "loss": "loss", "optimizer": "optimizer"}
    for entry in TABLE["keys"]:
        assert entry.get("means") or entry.get("note")
        for section, *others in (place.split(".") for place in entry.get("means", [])):
            if section in ("run", "initialize_from"):
                assert {others[0]} <= {option.name for option in fields(sections[section])}
            elif section in homes:
                kinds = [kind for kind in Plugins().catalog if kind.family == homes[section]]
                assert any(others[0] in known[kind.__name__] for kind in kinds)
            else:
                assert section in sections
                assert all(name in known for name in others[:1])
                assert {*others[1:]} <= known.get(others[0] if others else "", set())
    assert {entry["means"] for entry in TABLE["sections"]} <= sections.keys()
    assert {name for entry in TABLE["types"] for name in entry.get("means", ())} <= known.keys()
    assert all(entry.get("means") or entry.get("note") for entry in TABLE["types"])


def test_all_components_in_the_notes_exist():
    notes = " ".join(entry.get("note", "") for kind in ("keys", "sections", "types") for entry in TABLE[kind])
    named = set(re.findall(r"\b[A-Z]\w*[A-Z]\w*", notes)) - {"DIR", "UTF"}
    assert named
    assert named <= {kind.__name__ for kind in Plugins().catalog}

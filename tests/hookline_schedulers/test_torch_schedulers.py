"""Each scheduler equals torch's, with the same options, stepped as in a handwritten loop."""

import json
import warnings
from inspect import signature

import numpy
import pytest
import torch
from attrs import fields
from torch import nn
from torch.optim import lr_scheduler

import hookline
from hookline_schedulers import register_specs

LEFT_OUT = {"optimizer", "last_epoch", "scale_fn", "scale_mode", "epochs", "steps_per_epoch"}
"""Options that cannot be written in a spec, or that depend on the run."""
CLASSES_LEFT_OUT = {
    "LRScheduler": "The base class.",
    "_LRScheduler": "Its old name.",
    "LambdaLR": "A function cannot be written in a spec.",
    "MultiplicativeLR": "A function cannot be written in a spec.",
}
OURS = {"interval", "monitor"}
FOLLOWS = {("CosineAnnealingLR", "T_max")}
"""Options that torch requires and that default to values of the run."""

ROWS, BATCH, EPOCHS = 20, 8, 4
STEPS = 3

CASES = [
    ("StepLR", {"step_size": 2, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [1, 3]}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 2}),
    ("LinearLR", {"start_factor": 0.1, "total_iters": 3}),
    ("ExponentialLR", {"gamma": 0.7}),
    ("PolynomialLR", {"total_iters": 6, "power": 2}),
    ("CosineAnnealingLR", {"eta_min": 0.001}),
    ("CosineAnnealingLR", {"T_max": 3}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 2}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 2}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 2, "mode": "exp_range", "gamma": 0.9}),
    ("OneCycleLR", {"max_lr": 0.3}),
    ("OneCycleLR", {"max_lr": 0.3, "three_phase": True, "anneal_strategy": "linear", "total_steps": 50}),
]


def partition(first, second):
    return {
        "type": "Partition",
        "parts": [{"parameters": "*weight", "optimizer": {"type": first}}, {"optimizer": {"type": second}}],
    }


def rows():
    inputs = torch.randn(ROWS, 5, generator=torch.Generator().manual_seed(0))
    return inputs, torch.tensor([float(row % 3) for row in range(ROWS)]).unsqueeze(1)


def spec(*callbacks, optimizer=None, epochs=EPOCHS):
    return hookline.load(
        {
            "run": {"epochs": epochs, "seed": 4},
            "data": {
                "type": "Random",
                "features": 5,
                "targets": [row % 3 for row in range(ROWS)],
                "batch_size": BATCH,
            },
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": optimizer or {"type": "SGD", "lr": 0.1, "momentum": 0.9},
            "callbacks": list(callbacks),
        }
    )


def by_hand(build, *, per_step, epochs=EPOCHS):
    """Return the weights and the learning rate of each epoch's last step, of a loop without Hookline."""
    x, y = rows()
    torch.manual_seed(4)
    model = nn.Linear(5, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, fused=True)
    scheduler = build(optimizer)
    rates = []
    for epoch in range(1, epochs + 1):
        for batch in torch.from_numpy(numpy.random.default_rng((4, epoch)).permutation(ROWS)).split(BATCH):
            optimizer.zero_grad()
            nn.functional.mse_loss(model(x[batch]), y[batch]).backward()
            rate = optimizer.param_groups[0]["lr"]
            optimizer.step()
            if per_step:
                scheduler.step()
        rates.append(rate)
        if not per_step:
            scheduler.step()
    return model, rates


def assert_equal(trial, model, rates):
    assert torch.equal(trial.model.weight, model.weight)
    assert torch.equal(trial.model.bias, model.bias)
    logged = [json.loads(line)["lr"] for line in (trial.directory / "metrics.jsonl").read_text().splitlines()]
    assert logged == rates


@pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")  # Not all of them suit both lengths.
@pytest.mark.parametrize("interval", ["epoch", "step"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_scheduler_is_stepped_as_in_a_handwritten_loop(name, options, interval, tmp_path):
    trial = hookline.train(spec({"type": name, "interval": interval, **options}), out=tmp_path / "run")
    theirs = dict(options)
    length = EPOCHS * (STEPS if interval == "step" else 1)
    if name == "CosineAnnealingLR":
        theirs.setdefault("T_max", length)
    if name == "OneCycleLR":
        theirs.setdefault("total_steps", length)
    model, rates = by_hand(
        lambda optimizer: getattr(lr_scheduler, name)(optimizer, **theirs), per_step=interval == "step"
    )
    assert_equal(trial, model, rates)


@pytest.mark.parametrize(
    ("name", "is_per_step"), [("StepLR", False), ("CosineAnnealingLR", False), ("CyclicLR", True), ("OneCycleLR", True)]
)
def test_schedulers_for_steps_are_stepped_after_each_step_by_default(name, is_per_step):
    options = next(options for case, options in CASES if case == name)
    [scheduler] = spec({"type": name, **options}).callbacks
    assert scheduler.is_per_step == is_per_step


def test_consecutive_schedulers_have_the_length_of_their_turn(tmp_path):
    trial = hookline.train(
        spec(
            {
                "type": "SequentialLR",
                "interval": "step",
                "milestones": [4],
                "schedulers": [{"type": "LinearLR", "total_iters": 4}, {"type": "CosineAnnealingLR"}],
            }
        ),
        out=tmp_path / "run",
    )

    def build(optimizer):
        first = lr_scheduler.LinearLR(optimizer, total_iters=4)
        second = lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
        return lr_scheduler.SequentialLR(optimizer, [first, second], [4])

    assert_equal(trial, *by_hand(build, per_step=True))


@pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("interval", ["epoch", "step"])
def test_chained_schedulers_can_be_the_first_of_a_sequence_as_in_torch(interval, tmp_path):
    parts = [{"type": "LinearLR", "total_iters": 3}, {"type": "ExponentialLR", "gamma": 0.9}]
    trial = hookline.train(
        spec(
            {
                "type": "SequentialLR",
                "interval": interval,
                "milestones": [2],
                "schedulers": [
                    {"type": "ChainedScheduler", "schedulers": [*parts, {"type": "CosineAnnealingLR"}]},
                    {"type": "StepLR", "step_size": 1},
                ],
            }
        ),
        out=tmp_path / "run",
    )

    def build(optimizer):
        chained = [
            lr_scheduler.LinearLR(optimizer, total_iters=3),
            lr_scheduler.ExponentialLR(optimizer, 0.9),
            lr_scheduler.CosineAnnealingLR(optimizer, T_max=2),
        ]
        several = lr_scheduler.ChainedScheduler(chained, optimizer)
        return lr_scheduler.SequentialLR(optimizer, [several, lr_scheduler.StepLR(optimizer, 1)], [2])

    model, rates = by_hand(build, per_step=interval == "step")
    assert_equal(trial, model, rates)
    if interval == "epoch":  # The exponential has already been stepped once.
        assert rates[0] != 0.1 / 3


def test_a_combined_scheduler_can_be_the_first_without_a_warning(tmp_path):
    chained = {"type": "ChainedScheduler", "schedulers": [{"type": "ExponentialLR", "gamma": 0.5}]}
    scheduler = {"type": "SequentialLR", "milestones": [2], "schedulers": [chained, {"type": "ConstantLR"}]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trial = hookline.train(spec(scheduler), out=tmp_path / "run")
    assert [record["lr"] for record in trial.history[:2]] == [0.05, 0.025]


def test_simultaneous_schedulers_can_be_chained_or_listed(tmp_path):
    parts = [{"type": "ExponentialLR", "gamma": 0.9}, {"type": "StepLR", "step_size": 2}]

    def build(optimizer):
        return lr_scheduler.ChainedScheduler(
            [lr_scheduler.ExponentialLR(optimizer, 0.9), lr_scheduler.StepLR(optimizer, 2)], optimizer
        )

    expected = by_hand(build, per_step=False)
    chained = spec({"type": "ChainedScheduler", "schedulers": parts})
    assert_equal(hookline.train(chained, out=tmp_path / "chained"), *expected)
    assert_equal(hookline.train(spec(*parts), out=tmp_path / "listed"), *expected)


def test_a_plateau_gets_the_monitored_number_of_each_epoch(tmp_path):
    options = {"patience": 0, "factor": 0.5, "threshold": 0.5}
    trial = hookline.train(
        spec({"type": "ReduceLROnPlateau", "monitor": "training/loss", **options}), out=tmp_path / "run"
    )
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    rates = []
    for record in trial.history:
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step(record["training/loss"])
    assert [record["lr"] for record in trial.history] == rates
    assert rates[-1] < rates[0]


def test_groups_that_start_with_different_rates_are_logged_separately(tmp_path):
    optimizer = {"type": "SGD", "lr": 0.1, "groups": [{"parameters": "bias", "lr": 0.2}]}
    trial = hookline.train(spec({"type": "ExponentialLR", "gamma": 0.5}, optimizer=optimizer), out=tmp_path / "run")
    assert [(record["lr[0]"], record["lr[1]"]) for record in trial.history] == [
        (0.2, 0.1),
        (0.1, 0.05),
        (0.05, 0.025),
        (0.025, 0.0125),
    ]


@pytest.mark.parametrize(
    "scheduler",
    [
        {"type": "OneCycleLR", "max_lr": [0.2, 0.002]},
        {"type": "CyclicLR", "base_lr": [0.1, 0.01], "max_lr": [0.2, 0.02], "step_size_up": 2, "cycle_momentum": False},
        {
            "type": "ReduceLROnPlateau",
            "monitor": "training/loss",
            "min_lr": [0.05, 0.01],
            "patience": 0,
            "threshold": 9.0,
        },
        {
            "type": "SequentialLR",
            "milestones": [1],
            "schedulers": [{"type": "ConstantLR"}, {"type": "OneCycleLR", "max_lr": [0.2, 0.002]}],
        },
    ],
    ids=lambda scheduler: scheduler["type"],
)
def test_groups_whose_rates_diverge_are_logged_separately(scheduler, tmp_path):
    used = []
    look = hookline.before("step", lambda optimizer: used.append([group["lr"] for group in optimizer.param_groups]))
    optimizer = {"type": "SGD", "lr": 0.1, "momentum": 0.9, "groups": [{"parameters": "*bias"}]}
    trial = hookline.train(spec(scheduler, optimizer=optimizer), plugins=[look], out=tmp_path / "run")
    last = [used[record["step"] - 1] for record in trial.history]
    assert [[record["lr[0]"], record["lr[1]"]] for record in trial.history] == last
    assert any(first != second for first, second in used)


def test_a_loaded_schedule_continues_like_the_original(tmp_path):
    [scheduler] = spec({"type": "StepLR", "step_size": 2}).callbacks
    run = hookline.Run(spec=spec(), stages=None, plugins=(), catalog=None, device=torch.device("cpu"))
    optimizers, schedules = [], []
    for _ in range(2):
        optimizers.append(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1))
        schedules.append(scheduler.build())
        wrapper = schedules[-1].select_optimizer(run)
        next(wrapper)
        with pytest.raises(StopIteration):
            wrapper.send(optimizers[-1])
        optimizers[-1].step()

    def end_epoch(schedule):
        wrapper = schedule.log(run)
        next(wrapper)
        with pytest.raises(StopIteration):
            wrapper.send({})

    end_epoch(schedules[0])
    schedules[1].load_state_dict(schedules[0].state_dict())
    for schedule in schedules:
        end_epoch(schedule)
    assert [optimizer.param_groups[0]["lr"] for optimizer in optimizers] == [0.1 * 0.1, 0.1 * 0.1]


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        ({"type": "StepLR"}, "callbacks[0].step_size: This option is missing."),
        (
            {"type": "MultiStepLR", "milestones": [3, 2]},
            "callbacks[0].milestones: Milestones must be strictly increasing",
        ),
        ({"type": "MultiStepLR", "milestones": []}, "callbacks[0].milestones: Milestones must be strictly increasing"),
        (
            {"type": "ReduceLROnPlateau", "interval": "step"},
            "callbacks[0].interval: The monitored number is only known at the",
        ),
        ({"type": "ChainedScheduler", "schedulers": []}, "callbacks[0].schedulers: There must be at least one"),
        (
            {"type": "ChainedScheduler", "schedulers": [{"type": "StepLR", "step_size": 1, "interval": "step"}]},
            "callbacks[0].schedulers[0].interval: Set `interval` of the ChainedScheduler instead.",
        ),
        (
            {"type": "ChainedScheduler", "schedulers": [{"type": "ReduceLROnPlateau"}]},
            "callbacks[0].schedulers[0]: ReduceLROnPlateau needs a monitored number, which it cannot get here.",
        ),
        (
            {"type": "SequentialLR", "schedulers": [{"type": "StepLR", "step_size": 1}], "milestones": [2]},
            "callbacks[0].milestones: 1 schedulers need 0 milestones, but 1 are given.",
        ),
        (
            {
                "type": "SequentialLR",
                "milestones": [2],
                "schedulers": [
                    {"type": "ConstantLR"},
                    {"type": "ChainedScheduler", "schedulers": [{"type": "StepLR", "step_size": 1}]},
                ],
            },
            "callbacks[0].schedulers[1]: torch starts a ChainedScheduler with the run, so it must be the first.",
        ),
        (
            {"type": "CyclicLR", "base_lr": 0.5, "max_lr": 0.1},
            "callbacks[0].base_lr: It must be at most `max_lr`, to which it rises, which is 0.1.",
        ),
        (
            {"type": "CyclicLR", "base_lr": [0.01, 0.5], "max_lr": [0.1, 0.1]},
            "callbacks[0].base_lr[1]: It must be at most `max_lr`, to which it rises, which is 0.1.",
        ),
        (
            {"type": "CyclicLR", "base_lr": [0.5, 0.01], "max_lr": 0.1},
            "callbacks[0].base_lr[0]: It must be at most `max_lr`, to which it rises, which is 0.1.",
        ),
        (
            {"type": "CyclicLR", "base_lr": 0.1, "max_lr": [0.2, 0.05, 0.01]},
            "callbacks[0].base_lr: It must be at most `max_lr`, to which it rises, which is 0.01.",
        ),
        (
            {"type": "CyclicLR", "base_lr": [0.1, 0.1], "max_lr": [0.2, 0.2, 0.2]},
            "callbacks[0].max_lr: It has 3 numbers, but `base_lr` has 2: set one for each group.",
        ),
        (
            {"type": "OneCycleLR", "max_lr": [0.1, 0.1], "base_momentum": [0.8]},
            "callbacks[0].base_momentum: It has 1 number, but `max_lr` has 2: set one for each group.",
        ),
        (
            {"type": "CyclicLR", "base_lr": 0.1, "max_lr": 0.2, "base_momentum": 0.95},
            "callbacks[0].base_momentum: It must be at most `max_momentum`, from which it falls, which is 0.9.",
        ),
        (
            {"type": "OneCycleLR", "max_lr": 0.1, "base_momentum": [0.8, 0.9], "max_momentum": [0.9, 0.85]},
            "callbacks[0].base_momentum[1]: It must be at most `max_momentum`, from which it falls, which is 0.85.",
        ),
        (
            {"type": "ReduceLROnPlateau", "monitor": "training/loss", "mode": "max"},
            'callbacks[0].mode: A lower loss is better, so `mode` must be "min".',
        ),
        ({"type": "OneCycleLR", "max_lr": 0.1, "pct_start": 1}, "callbacks[0].pct_start: 1 is out of bounds"),
        (
            {"type": "ChainedScheduler", "schedulers": [{"type": "EarlyStopping"}]},
            'callbacks[0].schedulers[0].type: There is no scheduler called "EarlyStopping". EarlyStopping belongs to',
        ),
    ],
)
def test_invalid_options_are_reported(callback, message):
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec(callback)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "scheduler", [{"type": "StepLR", "step_size": 1}, {"type": "ReduceLROnPlateau", "monitor": "training/loss"}]
)
@pytest.mark.parametrize("optimizer", [{"type": "Rprop"}, partition("Rprop", "Rprop")], ids=["alone", "in all parts"])
def test_an_optimizer_that_ignores_the_schedule_is_refused(scheduler, optimizer):
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec(scheduler, optimizer=optimizer)
    [problem] = raised.value.problems
    assert str(problem) == (
        "callbacks[0].type: Rprop reads its learning rate in the first step only, so this has no effect: leave the "
        "scheduler out, or choose another optimizer."
    )
    assert problem.related == (("optimizer", "type"),)


STEP = {"type": "StepLR", "step_size": 2}


@pytest.mark.parametrize(
    ("callback", "warned"),
    [
        ({"type": "StepLR", "step_size": 3}, []),
        (
            {"type": "StepLR", "step_size": 4},
            ["callbacks[0].step_size: This never happens: it is due after 4 epochs, and the run has 4."],
        ),
        (
            {"type": "MultiStepLR", "milestones": [2, 30]},
            ["callbacks[0].milestones[1]: This never happens: it is due after 30 epochs, and the run has 4."],
        ),
        ({"type": "MultiStepLR", "milestones": [2, 11], "interval": "step"}, []),
        (
            {"type": "MultiStepLR", "milestones": [2, 12], "interval": "step"},
            ["callbacks[0].milestones[1]: This never happens: it is due after 12 steps, and the run has 12."],
        ),
        (
            {"type": "SequentialLR", "schedulers": [STEP, STEP], "milestones": [500]},
            ["callbacks[0].milestones[0]: This never happens: it is due after 500 epochs, and the run has 4."],
        ),
        (
            {"type": "SequentialLR", "schedulers": [STEP, STEP], "milestones": [3]},
            ["callbacks[0].schedulers[1].step_size: This never happens: it is due after 2 epochs, and the run has 1."],
        ),
        ({"type": "ChainedScheduler", "schedulers": [STEP, STEP]}, []),
        ({"type": "LinearLR", "total_iters": 4}, []),
        (
            {"type": "LinearLR", "total_iters": 1000},
            ["callbacks[0].total_iters: It takes 1,000 epochs, and the run has only 4."],
        ),
        (
            {"type": "ConstantLR"},
            [
                "callbacks[0].total_iters: The factor applies to the whole run: `total_iters` is 5 epochs, but the run has 4."
            ],
        ),
        ({"type": "PolynomialLR", "total_iters": 4}, []),
        (
            {"type": "PolynomialLR", "interval": "step"},
            ["callbacks[0].total_iters: The learning rate is 0 after 5 steps: the last 7 steps of 12 change nothing."],
        ),
        ({"type": "PolynomialLR", "total_iters": 2, "power": 0}, []),
        (
            {"type": "PolynomialLR"},
            ["callbacks[0].total_iters: It takes 5 epochs, and the run has only 4."],
        ),
        ({"type": "ExponentialLR", "gamma": 0.9}, []),
        ({"type": "CosineAnnealingLR"}, []),
        ({"type": "CosineAnnealingLR", "T_max": 3}, []),
        (
            {"type": "CosineAnnealingLR", "T_max": 2},
            [
                "callbacks[0].T_max: The learning rate rises again after 2 epochs, but the run has 4: remove it to use the length of the run."
            ],
        ),
        (
            {"type": "CosineAnnealingLR", "T_max": 50},
            ["callbacks[0].T_max: It takes 50 epochs, and the run has only 4."],
        ),
        ({"type": "CosineAnnealingWarmRestarts", "T_0": 4}, []),
        ({"type": "CosineAnnealingWarmRestarts", "T_0": 2}, []),
        ({"type": "CosineAnnealingWarmRestarts", "T_0": 4, "T_mult": 2, "interval": "step"}, []),
        (
            {"type": "CosineAnnealingWarmRestarts", "T_0": 5},
            ["callbacks[0].T_0: It takes 5 epochs, and the run has only 4."],
        ),
        (
            {"type": "CosineAnnealingWarmRestarts", "T_0": 1, "T_mult": 2},
            [
                "callbacks[0].T_0: The run ends within a cycle: one ends after 3 epochs, the next after 7, and the run after 4."
            ],
        ),
        (
            {"type": "CosineAnnealingWarmRestarts", "T_0": 3},
            [
                "callbacks[0].T_0: The run ends within a cycle: one ends after 3 epochs, the next after 6, and the run after 4."
            ],
        ),
        ({"type": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 6}, []),
        (
            {"type": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1},
            ["callbacks[0].step_size_up: `max_lr` is never reached: that takes 2,000 steps, but the run has only 12."],
        ),
        (
            {"type": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 7},
            ["callbacks[0].step_size_up: No cycle is completed: one takes 14 steps, but the run has only 12."],
        ),
        (
            {"type": "CyclicLR", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 7, "step_size_down": 6},
            ["callbacks[0].step_size_down: No cycle is completed: one takes 13 steps, but the run has only 12."],
        ),
        ({"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 12}, []),
        (
            {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 1000},
            ["callbacks[0].total_steps: It takes 1,000 steps, and the run has only 12."],
        ),
        ({"type": "ReduceLROnPlateau", "monitor": "training/loss", "patience": 1}, []),
        (
            {"type": "ReduceLROnPlateau", "monitor": "training/loss", "patience": 2},
            [
                "callbacks[0].patience: The learning rate never falls: it could after 4 epochs at the earliest, but the run has 4."
            ],
        ),
        ({"type": "SequentialLR", "schedulers": [{"type": "ConstantLR"}, STEP], "milestones": [1]}, []),
        (
            {"type": "SequentialLR", "schedulers": [{"type": "LinearLR"}, STEP], "milestones": [1]},
            ["callbacks[0].schedulers[0].total_iters: It takes 5 epochs, and the run has only 1."],
        ),
    ],
)
def test_a_scheduler_that_does_not_match_the_length_of_the_run_is_a_warning(callback, warned, tmp_path):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", hookline.HooklineWarning)
        hookline.train(spec(callback), out=tmp_path / "run")
    ours = [warning for warning in caught if issubclass(warning.category, hookline.HooklineWarning)]
    assert [str(warning.message) for warning in ours] == warned


def test_a_part_that_ignores_the_schedule_is_a_warning(tmp_path):
    with pytest.warns(hookline.HooklineWarning) as caught:
        trial = hookline.train(
            spec({"type": "StepLR", "step_size": 1}, optimizer=partition("SGD", "Rprop")), out=tmp_path / "run"
        )
    assert [str(warning.message) for warning in caught] == [
        "callbacks[0].type: Rprop reads its learning rate in the first step only: this has an effect on the other parts only."
    ]
    assert trial.steps == EPOCHS * STEPS


@pytest.mark.parametrize("optimizer", [{"type": "AdamW"}, partition("NAdam", "Adam")], ids=["alone", "in a part"])
def test_an_invalid_momentum_for_adam_is_refused(optimizer):
    cycle = {"type": "CyclicLR", "base_lr": 0.1, "max_lr": 0.2, "max_momentum": 1.0}
    name = {"AdamW": "AdamW"}.get(optimizer["type"], "NAdam")
    message = f"This is the first of the `betas` of {name}, which must be less than 1."
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec(cycle, optimizer=optimizer)
    assert str(raised.value).endswith(f": callbacks[0].max_momentum: {message}")
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec({"type": "ChainedScheduler", "schedulers": [cycle | {"max_momentum": [0.9, 1.5]}]}, optimizer=optimizer)
    assert str(raised.value).endswith(f": callbacks[0].schedulers[0].max_momentum[1]: {message}")
    spec(cycle)
    with pytest.raises(hookline.errors.SpecError, match="This has no effect unless `cycle_momentum` is true"):
        spec(cycle | {"cycle_momentum": False}, optimizer=optimizer)


@pytest.mark.filterwarnings("ignore::hookline.HooklineWarning")
@pytest.mark.parametrize(
    ("callback", "optimizer", "message"),
    [
        (
            {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 5},
            None,
            "callbacks[0].total_steps: The cycle ends after 5 steps, but the run has 12: remove it to use the length of the run",
        ),
        (
            {"type": "OneCycleLR", "max_lr": [0.1, 0.2]},
            None,
            "callbacks[0].max_lr: The optimizer has 1 parameter group, but there are 2 numbers.",
        ),
        (
            {"type": "CyclicLR", "base_lr": 0.1, "max_lr": 0.2},
            {"type": "Adagrad"},
            "callbacks[0].cycle_momentum: The optimizer, or one of its parts, has no momentum: set",
        ),
        (
            {
                "type": "ChainedScheduler",
                "schedulers": [{"type": "ConstantLR"}, {"type": "OneCycleLR", "max_lr": 0.1, "total_steps": 3}],
            },
            None,
            "callbacks[0].schedulers[1].total_steps: The cycle ends after 3 steps",
        ),
        (
            {
                "type": "SequentialLR",
                "milestones": [2],
                "schedulers": [
                    {
                        "type": "ChainedScheduler",
                        "schedulers": [
                            {"type": "CyclicLR", "base_lr": 0.1, "max_lr": 0.2, "base_momentum": [0.8, 0.7, 0.6]}
                        ],
                    },
                    {"type": "ConstantLR"},
                ],
            },
            None,
            "callbacks[0].schedulers[0].schedulers[0].base_momentum: The optimizer has 1 parameter group, but there are 3",
        ),
        (
            {"type": "ChainedScheduler", "schedulers": [{"type": "OneCycleLR", "max_lr": 0.1, "pct_start": 0.25}]},
            None,
            "callbacks[0].schedulers[0].pct_start: The rise would take exactly one of 4 steps, in which the rate cannot change: choose another value.",
        ),
        (
            {"type": "ReduceLROnPlateau"},
            None,
            'callbacks[0].monitor: "validation/loss" is not logged. The data has no validation split.',
        ),
    ],
)
def test_a_schedule_that_does_not_suit_the_run_is_reported_before_anything_is_written(
    callback, optimizer, message, tmp_path
):
    with pytest.raises(hookline.HooklineError) as raised:
        hookline.train(spec(callback, optimizer=optimizer), out=tmp_path / "run")
    assert message in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_every_declarative_scheduler_of_torch_is_supported():
    theirs = {
        name
        for name, kind in vars(lr_scheduler).items()
        if isinstance(kind, type) and issubclass(kind, lr_scheduler.LRScheduler)
    }
    assert {kind.__name__ for kind in register_specs().values()} == theirs - set(CLASSES_LEFT_OUT)


@pytest.mark.parametrize("kind", register_specs().values(), ids=lambda kind: kind.__name__)
def test_a_scheduler_has_torchs_options_and_defaults(kind):
    theirs = {
        parameter.name: parameter.default
        for parameter in signature(getattr(lr_scheduler, kind.__name__)).parameters.values()
        if parameter.name not in LEFT_OUT
    }
    ours = {option.name: option.default for option in fields(kind) if option.name not in OURS}
    assert set(ours) == set(theirs)
    for name, default in theirs.items():
        if (kind.__name__, name) in FOLLOWS:
            assert ours[name] is None
        elif default is not signature(kind).empty:
            assert ours[name] == default


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"type": "StepLR", "step_size": 0}, "schedulers[1].step_size"),
        ({"type": "StepLr", "step_size": 1}, "schedulers[1].type"),
        ({"type": "Xyzzy"}, "schedulers[1].type"),
        ({"type": "StepLR", "step_size": 1, "interval": "steps"}, "schedulers[1].interval"),
    ],
)
def test_conflicts_of_parts_and_whole_are_reported_once_each_part_is_valid(wrong, path):
    def messages(second):
        parts = [{"type": "ReduceLROnPlateau"}, second]
        with pytest.raises(hookline.errors.SpecError) as raised:
            spec({"type": "SequentialLR", "milestones": [1, 2], "schedulers": parts})
        return [str(problem).removeprefix("callbacks[0].") for problem in raised.value.problems]

    assert [problem.partition(": ")[0] for problem in messages(wrong)] == [path]
    of_part, of_whole = messages({"type": "StepLR", "step_size": 1})
    assert of_part == "schedulers[0]: ReduceLROnPlateau needs a monitored number, which it cannot get here."
    assert of_whole == "milestones: 2 schedulers need 1 milestones, but 2 are given."

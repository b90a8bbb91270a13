import pytest
import torch

from hookline import HooklineError
from hookline.runs import devices


def test_the_cpu_is_selected_by_name():
    assert devices.select("cpu") == torch.device("cpu")


def test_auto_selects_the_accelerator_or_else_the_cpu():
    assert devices.select("auto") == (
        torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    )


def test_an_unknown_device_is_reported():
    with pytest.raises(
        HooklineError, match=r'^run\.device: There is no device called "gpu"\. Use "auto", "cpu" or "cuda"\.$'
    ):
        devices.select("gpu")


@pytest.mark.skipif(torch.accelerator.is_available(), reason="This machine has an accelerator.")
def test_an_unavailable_device_is_reported():
    with pytest.raises(HooklineError, match=r'^run\.device: This machine has no "cuda:1", only a CPU\.$'):
        devices.select("cuda:1")


def test_the_random_state_of_the_caller_is_preserved():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with devices.reproducible(torch.device("cpu"), torch.float32):
        torch.manual_seed(0)
        torch.rand(10)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(("name", "expected"), [("cpu", "cpu"), ("auto", "auto"), ("cuda:99", "auto"), ("x", "auto")])
def test_a_device_that_does_not_exist_is_replaced(name, expected):
    assert devices.existing(name) == expected

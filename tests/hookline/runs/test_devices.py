import pytest
import torch

from hookline import HooklineError
from hookline.runs import devices


def test_the_cpu_is_chosen_by_name():
    assert devices.select("cpu") == torch.device("cpu")


def test_auto_is_the_accelerator_or_else_the_cpu():
    assert devices.select("auto") == (
        torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    )


def test_a_device_that_does_not_exist_is_told():
    with pytest.raises(
        HooklineError, match=r'^run\.device: There is no device called "gpu": "auto", "cpu" or "cuda" are\.$'
    ):
        devices.select("gpu")


@pytest.mark.skipif(torch.accelerator.is_available(), reason="This machine has an accelerator.")
def test_a_device_that_is_not_here_is_told():
    with pytest.raises(HooklineError, match=r'^run\.device: This machine has no "cuda:1"\. It has only a CPU\.$'):
        devices.select("cuda:1")


def test_the_random_numbers_of_the_caller_are_left_as_they_were():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    with devices.reproducible(torch.device("cpu"), torch.float32):
        torch.manual_seed(0)
        torch.rand(10)
    assert torch.equal(torch.rand(3), expected)

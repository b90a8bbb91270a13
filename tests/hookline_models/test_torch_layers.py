"""Each layer equals torch's, with the same options."""

from inspect import Parameter, signature
from itertools import product
from typing import get_overloads

import pytest
import torch
from attrs import NOTHING, fields
from ejected import layer_of_script
from loaded_model import loaded_model
from torch import nn

import hookline
from hookline_models import register_specs

FLAT, SERIES, IMAGES, VOLUMES = (4, 6), (4, 3, 10), (4, 3, 8, 8), (4, 3, 6, 5, 4)
"""Shapes of inputs."""

CASES = [
    (FLAT, "Identity", {}, nn.Identity()),
    (FLAT, "ReLU", {}, nn.ReLU()),
    (FLAT, "ReLU", {"inplace": True}, nn.ReLU(inplace=True)),
    (FLAT, "LeakyReLU", {}, nn.LeakyReLU()),
    (FLAT, "LeakyReLU", {"negative_slope": 0.3, "inplace": True}, nn.LeakyReLU(0.3, inplace=True)),
    (FLAT, "ELU", {}, nn.ELU()),
    (FLAT, "ELU", {"alpha": 0.5, "inplace": True}, nn.ELU(0.5, inplace=True)),
    (FLAT, "SELU", {}, nn.SELU()),
    (FLAT, "SELU", {"inplace": True}, nn.SELU(inplace=True)),
    (FLAT, "SiLU", {}, nn.SiLU()),
    (FLAT, "SiLU", {"inplace": True}, nn.SiLU(inplace=True)),
    (FLAT, "GELU", {}, nn.GELU()),
    (FLAT, "GELU", {"approximate": "tanh"}, nn.GELU("tanh")),
    (FLAT, "Tanh", {}, nn.Tanh()),
    (FLAT, "Sigmoid", {}, nn.Sigmoid()),
    (FLAT, "Softplus", {}, nn.Softplus()),
    (FLAT, "Softplus", {"beta": 3, "threshold": 1}, nn.Softplus(3.0, 1.0)),
    (FLAT, "Softmax", {}, nn.Softmax(dim=-1)),
    (IMAGES, "Softmax", {"dim": 1}, nn.Softmax(dim=1)),
    (FLAT, "LogSoftmax", {}, nn.LogSoftmax(dim=-1)),
    (IMAGES, "LogSoftmax", {"dim": 1}, nn.LogSoftmax(dim=1)),
    (FLAT, "Linear", {"out_features": 5}, lambda: nn.Linear(6, 5)),
    (FLAT, "Linear", {"in_features": 6, "out_features": 5, "bias": False}, lambda: nn.Linear(6, 5, bias=False)),
    (SERIES, "Linear", {"out_features": 2}, lambda: nn.Linear(10, 2)),
    (SERIES, "Conv1d", {"out_channels": 4, "kernel_size": 3}, lambda: nn.Conv1d(3, 4, 3)),
    (
        SERIES,
        "Conv1d",
        {"out_channels": 6, "kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2, "groups": 3, "bias": False},
        lambda: nn.Conv1d(3, 6, 3, stride=2, padding=1, dilation=2, groups=3, bias=False),
    ),
    (
        SERIES,
        "Conv1d",
        {"out_channels": 2, "kernel_size": 3, "padding": "same", "padding_mode": "circular"},
        lambda: nn.Conv1d(3, 2, 3, padding="same", padding_mode="circular"),
    ),
    (IMAGES, "Conv2d", {"out_channels": 4, "kernel_size": 3}, lambda: nn.Conv2d(3, 4, 3)),
    (
        IMAGES,
        "Conv2d",
        {
            "in_channels": 3,
            "out_channels": 6,
            "kernel_size": [3, 2],
            "stride": [2, 1],
            "padding": [1, 0],
            "dilation": [1, 2],
            "groups": 3,
            "padding_mode": "reflect",
        },
        lambda: nn.Conv2d(3, 6, (3, 2), (2, 1), (1, 0), (1, 2), groups=3, padding_mode="reflect"),
    ),
    (
        IMAGES,
        "Conv2d",
        {"out_channels": 2, "kernel_size": 3, "padding": "valid"},
        lambda: nn.Conv2d(3, 2, 3, padding="valid"),
    ),
    (FLAT, "BatchNorm1d", {}, lambda: nn.BatchNorm1d(6)),
    (
        SERIES,
        "BatchNorm1d",
        {"num_features": 3, "eps": 0.1, "momentum": 0.5, "affine": False},
        lambda: nn.BatchNorm1d(3, 0.1, 0.5, affine=False),
    ),
    (IMAGES, "BatchNorm2d", {}, lambda: nn.BatchNorm2d(3)),
    (
        IMAGES,
        "BatchNorm2d",
        {"track_running_stats": False, "bias": False},
        lambda: nn.BatchNorm2d(3, track_running_stats=False, bias=False),
    ),
    (FLAT, "LayerNorm", {}, lambda: nn.LayerNorm(6)),
    (IMAGES, "LayerNorm", {"normalized_shape": [8, 8], "eps": 0.1}, lambda: nn.LayerNorm((8, 8), 0.1)),
    (FLAT, "LayerNorm", {"elementwise_affine": False}, lambda: nn.LayerNorm(6, elementwise_affine=False)),
    (FLAT, "LayerNorm", {"normalized_shape": 6, "bias": False}, lambda: nn.LayerNorm(6, bias=False)),
    (IMAGES, "MaxPool2d", {"kernel_size": 2}, nn.MaxPool2d(2)),
    (
        IMAGES,
        "MaxPool2d",
        {"kernel_size": [3, 2], "stride": [2, 3], "padding": [1, 0], "dilation": [1, 2], "ceil_mode": True},
        nn.MaxPool2d((3, 2), (2, 3), (1, 0), (1, 2), ceil_mode=True),
    ),
    (IMAGES, "AvgPool2d", {"kernel_size": 2}, nn.AvgPool2d(2)),
    (
        IMAGES,
        "AvgPool2d",
        {
            "kernel_size": [3, 2],
            "stride": 3,
            "padding": 1,
            "ceil_mode": True,
            "count_include_pad": False,
            "divisor_override": 5,
        },
        nn.AvgPool2d((3, 2), 3, 1, ceil_mode=True, count_include_pad=False, divisor_override=5),
    ),
    (IMAGES, "AdaptiveAvgPool2d", {"output_size": 1}, nn.AdaptiveAvgPool2d(1)),
    (IMAGES, "AdaptiveAvgPool2d", {"output_size": [3, 5]}, nn.AdaptiveAvgPool2d((3, 5))),
    (FLAT, "Dropout", {}, nn.Dropout()),
    (FLAT, "Dropout", {"p": 0.2, "inplace": True}, nn.Dropout(0.2, inplace=True)),
    (IMAGES, "Dropout2d", {}, nn.Dropout2d()),
    (IMAGES, "Dropout2d", {"p": 0.2, "inplace": True}, nn.Dropout2d(0.2, inplace=True)),
    (IMAGES, "Flatten", {}, nn.Flatten()),
    (IMAGES, "Flatten", {"start_dim": 2, "end_dim": 3}, nn.Flatten(2, 3)),
    (FLAT, "Unflatten", {"dim": 1, "unflattened_size": [2, 3]}, nn.Unflatten(1, (2, 3))),
    (FLAT, "Unflatten", {"dim": -1, "unflattened_size": [1, -1]}, nn.Unflatten(-1, (1, -1))),
    (FLAT, "ReLU6", {}, nn.ReLU6()),
    (FLAT, "ReLU6", {"inplace": True}, nn.ReLU6(inplace=True)),
    (FLAT, "PReLU", {}, nn.PReLU),
    (IMAGES, "PReLU", {"num_parameters": 3, "init": 0.5}, lambda: nn.PReLU(3, 0.5)),
    (FLAT, "RReLU", {}, nn.RReLU()),
    (FLAT, "RReLU", {"lower": 0.5, "upper": 0.5, "inplace": True}, nn.RReLU(0.5, 0.5, inplace=True)),
    (FLAT, "Threshold", {"threshold": 0.1, "value": 2}, nn.Threshold(0.1, 2.0)),
    (FLAT, "Threshold", {"threshold": 0.1, "value": 0.0, "inplace": True}, nn.Threshold(0.1, 0.0, inplace=True)),
    (FLAT, "CELU", {}, nn.CELU()),
    (FLAT, "CELU", {"alpha": 0.5, "inplace": True}, nn.CELU(0.5, inplace=True)),
    (FLAT, "Mish", {}, nn.Mish()),
    (FLAT, "Mish", {"inplace": True}, nn.Mish(inplace=True)),
    (FLAT, "Hardswish", {}, nn.Hardswish()),
    (FLAT, "Hardswish", {"inplace": True}, nn.Hardswish(inplace=True)),
    (FLAT, "GLU", {}, nn.GLU()),
    ((4, 6, 5), "GLU", {"dim": 1}, nn.GLU(1)),
    (FLAT, "LogSigmoid", {}, nn.LogSigmoid()),
    (FLAT, "Hardsigmoid", {}, nn.Hardsigmoid()),
    (FLAT, "Hardsigmoid", {"inplace": True}, nn.Hardsigmoid(inplace=True)),
    (FLAT, "Hardtanh", {}, nn.Hardtanh()),
    (FLAT, "Hardtanh", {"min_val": -2, "max_val": 0.5, "inplace": True}, nn.Hardtanh(-2.0, 0.5, inplace=True)),
    (FLAT, "Softsign", {}, nn.Softsign()),
    (FLAT, "Hardshrink", {}, nn.Hardshrink()),
    (FLAT, "Hardshrink", {"lambd": 0.1}, nn.Hardshrink(0.1)),
    (FLAT, "Softshrink", {}, nn.Softshrink()),
    (FLAT, "Softshrink", {"lambd": 0.1}, nn.Softshrink(0.1)),
    (FLAT, "Tanhshrink", {}, nn.Tanhshrink()),
    (FLAT, "Softmin", {}, nn.Softmin(dim=-1)),
    (IMAGES, "Softmin", {"dim": 1}, nn.Softmin(dim=1)),
    (IMAGES, "Softmax2d", {}, nn.Softmax2d()),
    (VOLUMES, "Conv3d", {"out_channels": 4, "kernel_size": 3}, lambda: nn.Conv3d(3, 4, 3)),
    (
        VOLUMES,
        "Conv3d",
        {
            "in_channels": 3,
            "out_channels": 6,
            "kernel_size": [3, 2, 1],
            "stride": [2, 1, 2],
            "padding": [1, 0, 2],
            "dilation": [1, 2, 1],
            "groups": 3,
            "bias": False,
            "padding_mode": "replicate",
        },
        lambda: nn.Conv3d(
            3, 6, (3, 2, 1), (2, 1, 2), (1, 0, 2), (1, 2, 1), groups=3, bias=False, padding_mode="replicate"
        ),
    ),
    (
        VOLUMES,
        "Conv3d",
        {"out_channels": 2, "kernel_size": 3, "padding": "same"},
        lambda: nn.Conv3d(3, 2, 3, padding="same"),
    ),
    (SERIES, "ConvTranspose1d", {"out_channels": 4, "kernel_size": 3}, lambda: nn.ConvTranspose1d(3, 4, 3)),
    (
        SERIES,
        "ConvTranspose1d",
        {
            "in_channels": 3,
            "out_channels": 6,
            "kernel_size": 3,
            "stride": 2,
            "padding": 1,
            "output_padding": 1,
            "groups": 3,
            "bias": False,
            "dilation": 2,
            "padding_mode": "zeros",
        },
        lambda: nn.ConvTranspose1d(3, 6, 3, 2, 1, 1, groups=3, bias=False, dilation=2),
    ),
    (IMAGES, "ConvTranspose2d", {"out_channels": 4, "kernel_size": 3}, lambda: nn.ConvTranspose2d(3, 4, 3)),
    (
        IMAGES,
        "ConvTranspose2d",
        {
            "out_channels": 6,
            "kernel_size": [3, 2],
            "stride": [2, 3],
            "padding": [1, 0],
            "output_padding": [1, 2],
            "groups": 3,
            "dilation": [1, 2],
        },
        lambda: nn.ConvTranspose2d(3, 6, (3, 2), (2, 3), (1, 0), (1, 2), groups=3, dilation=(1, 2)),
    ),
    (VOLUMES, "ConvTranspose3d", {"out_channels": 4, "kernel_size": 3}, lambda: nn.ConvTranspose3d(3, 4, 3)),
    (
        VOLUMES,
        "ConvTranspose3d",
        {
            "out_channels": 6,
            "kernel_size": [3, 2, 1],
            "stride": [2, 3, 1],
            "padding": [1, 0, 0],
            "output_padding": [1, 2, 0],
            "groups": 3,
            "dilation": [1, 2, 1],
        },
        lambda: nn.ConvTranspose3d(3, 6, (3, 2, 1), (2, 3, 1), (1, 0, 0), (1, 2, 0), groups=3, dilation=(1, 2, 1)),
    ),
    (IMAGES, "Unfold", {"kernel_size": 2}, nn.Unfold(2)),
    (
        IMAGES,
        "Unfold",
        {"kernel_size": [3, 2], "dilation": [1, 2], "padding": [1, 0], "stride": [2, 1]},
        nn.Unfold((3, 2), (1, 2), (1, 0), (2, 1)),
    ),
    ((4, 12, 9), "Fold", {"output_size": 4, "kernel_size": 2}, nn.Fold(4, 2)),
    (
        (4, 12, 16),
        "Fold",
        {"output_size": [8, 8], "kernel_size": [3, 2], "dilation": [1, 4], "padding": [1, 0], "stride": [2, 1]},
        nn.Fold((8, 8), (3, 2), (1, 4), (1, 0), (2, 1)),
    ),
    (VOLUMES, "BatchNorm3d", {}, lambda: nn.BatchNorm3d(3)),
    (VOLUMES, "BatchNorm3d", {"eps": 0.1, "momentum": 0.5}, lambda: nn.BatchNorm3d(3, 0.1, 0.5)),
    (SERIES, "InstanceNorm1d", {}, lambda: nn.InstanceNorm1d(3)),
    (
        SERIES,
        "InstanceNorm1d",
        {"num_features": 3, "eps": 0.1, "momentum": 0.5, "affine": True, "track_running_stats": True},
        lambda: nn.InstanceNorm1d(3, 0.1, 0.5, affine=True, track_running_stats=True),
    ),
    (IMAGES, "InstanceNorm2d", {}, lambda: nn.InstanceNorm2d(3)),
    (
        IMAGES,
        "InstanceNorm2d",
        {"affine": True, "bias": False},
        lambda: nn.InstanceNorm2d(3, affine=True, bias=False),
    ),
    (VOLUMES, "InstanceNorm3d", {}, lambda: nn.InstanceNorm3d(3)),
    (
        VOLUMES,
        "InstanceNorm3d",
        {"track_running_stats": True},
        lambda: nn.InstanceNorm3d(3, track_running_stats=True),
    ),
    (FLAT, "GroupNorm", {"num_groups": 2}, lambda: nn.GroupNorm(2, 6)),
    (
        IMAGES,
        "GroupNorm",
        {"num_groups": 3, "num_channels": 3, "eps": 0.1, "bias": False},
        lambda: nn.GroupNorm(3, 3, 0.1, bias=False),
    ),
    (FLAT, "GroupNorm", {"num_groups": 1, "affine": False}, lambda: nn.GroupNorm(1, 6, affine=False)),
    (FLAT, "RMSNorm", {}, lambda: nn.RMSNorm(6)),
    (IMAGES, "RMSNorm", {"normalized_shape": [8, 8], "eps": 0.1}, lambda: nn.RMSNorm((8, 8), 0.1)),
    (FLAT, "RMSNorm", {"elementwise_affine": False}, lambda: nn.RMSNorm(6, elementwise_affine=False)),
    (SERIES, "LocalResponseNorm", {"size": 2}, nn.LocalResponseNorm(2)),
    (
        IMAGES,
        "LocalResponseNorm",
        {"size": 3, "alpha": 0.5, "beta": 0.5, "k": 2},
        nn.LocalResponseNorm(3, 0.5, 0.5, 2.0),
    ),
    (SERIES, "MaxPool1d", {"kernel_size": 2}, nn.MaxPool1d(2)),
    (
        SERIES,
        "MaxPool1d",
        {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2, "ceil_mode": True},
        nn.MaxPool1d(3, 2, 1, 2, ceil_mode=True),
    ),
    (VOLUMES, "MaxPool3d", {"kernel_size": 2}, nn.MaxPool3d(2)),
    (
        VOLUMES,
        "MaxPool3d",
        {"kernel_size": [3, 2, 1], "stride": [2, 3, 1], "padding": [1, 0, 0], "dilation": [1, 2, 1], "ceil_mode": True},
        nn.MaxPool3d((3, 2, 1), (2, 3, 1), (1, 0, 0), (1, 2, 1), ceil_mode=True),
    ),
    (SERIES, "AvgPool1d", {"kernel_size": 2}, nn.AvgPool1d(2)),
    (
        SERIES,
        "AvgPool1d",
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True, "count_include_pad": False},
        nn.AvgPool1d(3, 2, 1, ceil_mode=True, count_include_pad=False),
    ),
    (VOLUMES, "AvgPool3d", {"kernel_size": 2}, nn.AvgPool3d(2)),
    (
        VOLUMES,
        "AvgPool3d",
        {
            "kernel_size": [3, 2, 1],
            "stride": 3,
            "padding": [1, 1, 0],
            "ceil_mode": True,
            "count_include_pad": False,
            "divisor_override": 5,
        },
        nn.AvgPool3d((3, 2, 1), 3, (1, 1, 0), ceil_mode=True, count_include_pad=False, divisor_override=5),
    ),
    (SERIES, "LPPool1d", {"norm_type": 2, "kernel_size": 2}, nn.LPPool1d(2.0, 2)),
    (
        SERIES,
        "LPPool1d",
        {"norm_type": 4, "kernel_size": 3, "stride": 2, "ceil_mode": True},
        nn.LPPool1d(4.0, 3, 2, ceil_mode=True),
    ),
    (IMAGES, "LPPool2d", {"norm_type": float("inf"), "kernel_size": 2}, nn.LPPool2d(float("inf"), 2)),
    (
        IMAGES,
        "LPPool2d",
        {"norm_type": 2, "kernel_size": [3, 2], "stride": [2, 3], "ceil_mode": True},
        nn.LPPool2d(2.0, (3, 2), (2, 3), ceil_mode=True),
    ),
    (VOLUMES, "LPPool3d", {"norm_type": 1, "kernel_size": 2}, nn.LPPool3d(1.0, 2)),
    (
        VOLUMES,
        "LPPool3d",
        {"norm_type": 2, "kernel_size": [3, 2, 1], "stride": [2, 3, 1], "ceil_mode": True},
        nn.LPPool3d(2.0, (3, 2, 1), (2, 3, 1), ceil_mode=True),
    ),
    (SERIES, "AdaptiveAvgPool1d", {"output_size": 3}, nn.AdaptiveAvgPool1d(3)),
    (VOLUMES, "AdaptiveAvgPool3d", {"output_size": 1}, nn.AdaptiveAvgPool3d(1)),
    (VOLUMES, "AdaptiveAvgPool3d", {"output_size": [3, 5, 2]}, nn.AdaptiveAvgPool3d((3, 5, 2))),
    (SERIES, "AdaptiveMaxPool1d", {"output_size": 3}, nn.AdaptiveMaxPool1d(3)),
    (IMAGES, "AdaptiveMaxPool2d", {"output_size": 1}, nn.AdaptiveMaxPool2d(1)),
    (IMAGES, "AdaptiveMaxPool2d", {"output_size": [3, 5]}, nn.AdaptiveMaxPool2d((3, 5))),
    (VOLUMES, "AdaptiveMaxPool3d", {"output_size": 1}, nn.AdaptiveMaxPool3d(1)),
    (VOLUMES, "AdaptiveMaxPool3d", {"output_size": [3, 5, 2]}, nn.AdaptiveMaxPool3d((3, 5, 2))),
    (SERIES, "Dropout1d", {}, nn.Dropout1d()),
    (SERIES, "Dropout1d", {"p": 0.2, "inplace": True}, nn.Dropout1d(0.2, inplace=True)),
    (VOLUMES, "Dropout3d", {}, nn.Dropout3d()),
    (VOLUMES, "Dropout3d", {"p": 0.2, "inplace": True}, nn.Dropout3d(0.2, inplace=True)),
    (FLAT, "AlphaDropout", {}, nn.AlphaDropout()),
    (FLAT, "AlphaDropout", {"p": 0.2, "inplace": True}, nn.AlphaDropout(0.2, inplace=True)),
    (IMAGES, "FeatureAlphaDropout", {}, nn.FeatureAlphaDropout()),
    (SERIES, "FeatureAlphaDropout", {"p": 0.2, "inplace": True}, nn.FeatureAlphaDropout(0.2, inplace=True)),
    *(
        (shape, f"{kind}Pad{len(shape) - 2}d", {"padding": padding}, torchs(padding))
        for kind, torchs_of_all in {
            "Zero": (nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d),
            "Reflection": (nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d),
            "Replication": (nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReplicationPad3d),
            "Circular": (nn.CircularPad1d, nn.CircularPad2d, nn.CircularPad3d),
        }.items()
        for shape, torchs, sides in zip(
            (SERIES, IMAGES, VOLUMES), torchs_of_all, ([3, -1], [1, 2, 3, 0], [1, 2, 3, 0, -1, 2]), strict=True
        )
        for padding in (2, sides)
    ),
    (SERIES, "ConstantPad1d", {"padding": 2, "value": 1}, nn.ConstantPad1d(2, 1.0)),
    (SERIES, "ConstantPad1d", {"padding": [3, -1], "value": 0.5}, nn.ConstantPad1d((3, -1), 0.5)),
    (IMAGES, "ConstantPad2d", {"padding": 2, "value": 1}, nn.ConstantPad2d(2, 1.0)),
    (IMAGES, "ConstantPad2d", {"padding": [1, 2, 3, 0], "value": 0.5}, nn.ConstantPad2d((1, 2, 3, 0), 0.5)),
    (VOLUMES, "ConstantPad3d", {"padding": 2, "value": 1}, nn.ConstantPad3d(2, 1.0)),
    (
        VOLUMES,
        "ConstantPad3d",
        {"padding": [1, 2, 3, 0, -1, 2], "value": 0.5},
        nn.ConstantPad3d((1, 2, 3, 0, -1, 2), 0.5),
    ),
    ((4, 12, 2, 3), "PixelShuffle", {"upscale_factor": 2}, nn.PixelShuffle(2)),
    (IMAGES, "PixelUnshuffle", {"downscale_factor": 4}, nn.PixelUnshuffle(4)),
    ((4, 6, 5), "ChannelShuffle", {"groups": 2}, nn.ChannelShuffle(2)),
    ((4, 6, 2, 3), "ChannelShuffle", {"groups": 3}, nn.ChannelShuffle(3)),
    (SERIES, "Upsample", {"size": 15}, nn.Upsample(15)),
    (SERIES, "Upsample", {"scale_factor": 1.5, "mode": "linear"}, nn.Upsample(scale_factor=1.5, mode="linear")),
    (IMAGES, "Upsample", {"size": [5, 9], "mode": "bicubic"}, nn.Upsample((5, 9), mode="bicubic")),
    (
        IMAGES,
        "Upsample",
        {"scale_factor": [2, 1.3], "mode": "bilinear", "align_corners": True, "recompute_scale_factor": True},
        nn.Upsample(None, (2.0, 1.3), "bilinear", align_corners=True, recompute_scale_factor=True),
    ),
    (IMAGES, "Upsample", {"scale_factor": 0.4, "mode": "area"}, nn.Upsample(scale_factor=0.4, mode="area")),
    (VOLUMES, "Upsample", {"scale_factor": 2, "mode": "trilinear"}, nn.Upsample(scale_factor=2, mode="trilinear")),
    (VOLUMES, "Upsample", {"size": 7, "mode": "nearest-exact"}, nn.Upsample(7, mode="nearest-exact")),
    (IMAGES, "UpsamplingNearest2d", {"size": 5}, nn.UpsamplingNearest2d(5)),
    (IMAGES, "UpsamplingNearest2d", {"scale_factor": [2, 1.5]}, nn.UpsamplingNearest2d(scale_factor=(2.0, 1.5))),
    (IMAGES, "UpsamplingBilinear2d", {"size": [5, 9]}, nn.UpsamplingBilinear2d((5, 9))),
    (IMAGES, "UpsamplingBilinear2d", {"scale_factor": 1.5}, nn.UpsamplingBilinear2d(scale_factor=1.5)),
]


def applied(module, shape, *, training):
    """Return the outputs for two batches, to test running statistics."""
    torch.manual_seed(2)
    module.train(training)
    return [module(torch.randn(shape)) for _ in range(2)]


@pytest.mark.parametrize(
    ("shape", "name", "options", "torchs"), CASES, ids=[f"{name} {options}" for _, name, options, _ in CASES]
)
def test_the_layer_equals_torchs(shape, name, options, torchs):
    torch.manual_seed(1)
    module = loaded_model({"type": name, **options}).build(torch.zeros(1, *shape[1:]))
    torch.manual_seed(1)
    expected = torchs if isinstance(torchs, nn.Module) else torchs()
    assert type(module) is type(expected)
    assert repr(module) == repr(expected)
    for training in (True, False):
        outputs, expected_outputs = (applied(made, shape, training=training) for made in (module, expected))
        assert all(torch.equal(mine, theirs) for mine, theirs in zip(outputs, expected_outputs, strict=True))
    weights, expected_weights = module.state_dict(), expected.state_dict()
    assert list(weights) == list(expected_weights)
    assert all(torch.equal(weights[key], expected_weights[key]) for key in weights)


def test_a_script_builds_the_same_layers():
    layers = loaded_model(
        {"type": "Sequential", "layers": [{"type": name, **options} for _, name, options, _ in CASES]}
    ).layers
    for layer, (shape, _, _, torchs) in zip(layers, CASES, strict=True):
        torch.manual_seed(1)
        expected = torchs if isinstance(torchs, nn.Module) else torchs()
        module = layer_of_script(layer, layer.build(torch.zeros(1, *shape[1:])))
        assert (type(module), repr(module)) == (type(expected), repr(expected))
        assert all(map(torch.equal, module.state_dict().values(), expected.state_dict().values()))


OF_HOOKLINE = {
    *("Branches", "Heads", "Parallel", "Repeat", "Residual", "Sequential", "Siamese"),
    *("LearnedPositionalEmbedding", "SequencePool", "Transpose"),
}
"""Containers, and layers that `torch.nn` does not have."""
OF_SEQUENCES = {
    *("EmbeddingBag", "GRU", "LSTM", "MultiheadAttention", "RNN", "TransformerEncoder", "TransformerEncoderLayer"),
}
"""Layers that take lengths and are subclasses of torch's: see test_sequences.py."""
OF_OTHER_INPUTS = {"Bilinear", "CosineSimilarity", "Embedding", "PairwiseDistance"}
"""Layers that take two inputs or indices: see test_pairs.py and test_embedding.py."""
LAYERS = [kind for kind in register_specs().values() if kind.__name__ not in OF_HOOKLINE]
OF_THE_BUILD = {"device", "dtype"}
OTHER_THAN_TORCHS = {
    "Embedding": {"num_embeddings": None},
    "EmbeddingBag": {"num_embeddings": None},
    "Softmax": {"dim": -1},
    "LogSoftmax": {"dim": -1},
    "Softmin": {"dim": -1},
    # torch's argument is a function, but torch also accepts this name.
    "TransformerEncoder": {"activation": "relu"},
    "TransformerEncoderLayer": {"activation": "relu"},
}
OPTIONS_LEFT_OUT = {
    **{f"{kind}Pool{n}d": {"return_indices"} for kind in ("Max", "AdaptiveMax") for n in (1, 2, 3)},
    "Hardtanh": {"min_value", "max_value"},  # Deprecated.
    "Embedding": {"_weight", "_freeze"},
    "EmbeddingBag": {"_weight", "include_last_offset"},
    "RNN": {"batch_first"},
    "LSTM": {"batch_first"},
    "GRU": {"batch_first"},
    "MultiheadAttention": {"kdim", "vdim", "batch_first"},
    "TransformerEncoderLayer": {"batch_first"},
    "TransformerEncoder": {"encoder_layer", "batch_first", "enable_nested_tensor", "mask_check"},
}
ADDED = {
    **{name: {"returns": "sequence"} for name in ("RNN", "LSTM", "GRU")},
    **{name: {"causal": False} for name in ("MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder")},
}
"""Options that torch does not have, or only as arguments of `forward`."""


def torchs_signatures(name):
    """Return the arguments of torch's class, including those of the layer of a TransformerEncoder."""
    kind = getattr(nn, name)
    if overloads := get_overloads(kind.__init__):
        return [signature(overloads[0])]
    return [signature(kind), *([signature(nn.TransformerEncoderLayer)] if name == "TransformerEncoder" else [])]


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_a_layer_has_torchs_options_and_defaults_but_sizes_may_be_inferred(kind):
    name = kind.__name__
    theirs = {
        parameter.name: NOTHING if parameter.default is Parameter.empty else parameter.default
        for torchs in torchs_signatures(name)
        for parameter in torchs.parameters.values()
        if parameter.name != "self" and parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    }
    expected = {
        key: default for key, default in theirs.items() if key not in OF_THE_BUILD | OPTIONS_LEFT_OUT.get(name, set())
    }
    if kind.size_option is not None:
        expected[kind.size_option] = None
    expected |= dict.fromkeys(kind.follows) | OTHER_THAN_TORCHS.get(name, {}) | ADDED.get(name, {})
    assert {option.name: option.default for option in fields(kind)} == expected


def test_every_layer_is_compared_with_torchs():
    compared = {name for _, name, _, _ in CASES}
    assert {kind.__name__ for kind in LAYERS} == compared | OF_SEQUENCES | OF_OTHER_INPUTS


@pytest.mark.parametrize(("name", "options"), [pytest.param(*case[1:3], id=f"{case[1]} {case[2]}") for case in CASES])
def test_a_layer_refuses_inputs_or_treats_rows_separately(name, options):
    """torch would treat a batch of rows with one dimension too few as a single row."""
    layer = loaded_model({"type": name, **options})
    for (rows, size), dimensions in product([(3, 6), (4, 4)], range(1, 6)):
        batch = torch.randn(rows, *[size] * dimensions)
        try:
            module = hookline.training.build_and_apply(layer, batch[:1])[0].eval()
        except hookline.errors.MismatchError:
            continue
        if isinstance(module, nn.BatchNorm2d) and not module.track_running_stats:
            continue  # These layers use the whole batch.
        one_by_one = [module(batch[index : index + 1].clone()) for index in range(rows)]
        assert all(len(outputs) == 1 for outputs in one_by_one)
        torch.testing.assert_close(module(batch), torch.cat(one_by_one))


CLASSES_LEFT_OUT = {
    "they are one step, which Python code calls in a loop": {"RNNCell", "LSTMCell", "GRUCell"},
    "they are what others are made of": {"RNNBase", "RNNCellBase"},
    "they attend to a second sequence, with lengths of its own": {
        *("Transformer", "TransformerDecoder", "TransformerDecoderLayer"),
    },
    "they take the indices that a pooling returns": {"MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d"},
    "they draw random numbers in evaluation too, so that no two are equal": {
        *("FractionalMaxPool2d", "FractionalMaxPool3d"),
    },
    "its sums leave its window (torch's loop begins to subtract one channel late); LocalResponseNorm is right": {
        "CrossMapLRN2d",
    },
    "it needs several processes": {"SyncBatchNorm"},
    "they are losses, which are another plugin's": {
        *("AdaptiveLogSoftmaxWithLoss", "BCELoss", "BCEWithLogitsLoss", "CosineEmbeddingLoss", "CrossEntropyLoss"),
        *("CTCLoss", "GaussianNLLLoss", "HingeEmbeddingLoss", "HuberLoss", "KLDivLoss", "L1Loss"),
        *("LinearCrossEntropyLoss", "MarginRankingLoss", "MSELoss", "MultiLabelMarginLoss"),
        *("MultiLabelSoftMarginLoss", "MultiMarginLoss", "NLLLoss", "NLLLoss2d", "PoissonNLLLoss", "SmoothL1Loss"),
        *("SoftMarginLoss", "TripletMarginLoss", "TripletMarginWithDistanceLoss"),
    },
    "they hold what Python code calls by name": {
        *("Module", "Container", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList"),
    },
    "it is a way of training, not a layer": {"DataParallel"},
    "sizes follow from the inputs in every layer": {
        *("LazyLinear", "LazyConv1d", "LazyConv2d", "LazyConv3d"),
        *("LazyConvTranspose1d", "LazyConvTranspose2d", "LazyConvTranspose3d"),
        *("LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d"),
        *("LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d"),
    },
}
"""Modules by the reason for which they are excluded. Quantized and intrinsic ones have other namespaces."""


def test_all_modules_of_torch_are_supported_or_excluded_for_a_reason():
    torchs = {name for name, kind in vars(nn).items() if isinstance(kind, type) and issubclass(kind, nn.Module)}
    there = {kind.__name__ for kind in register_specs().values()} - (OF_HOOKLINE - {"Sequential"})
    assert torchs == there | set().union(*CLASSES_LEFT_OUT.values())


def test_no_class_is_both_supported_and_excluded():
    names = [kind.__name__ for kind in register_specs().values()] + [
        name for each in CLASSES_LEFT_OUT.values() for name in each
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "options", "path"),
    [
        ("Linear", {"out_features": 0}, "model.out_features"),
        ("Linear", {"out_features": 2.0}, "model.out_features"),
        ("Dropout", {"p": 1.5}, "model.p"),
        ("Conv2d", {"out_channels": 1, "kernel_size": [1, 2, 3]}, "model.kernel_size"),
        ("Conv2d", {"out_channels": 1, "kernel_size": [1, 0]}, "model.kernel_size.1"),
        ("Conv2d", {"out_channels": 1, "kernel_size": 1, "padding": "sames"}, "model.padding"),
        ("GELU", {"approximate": "tan"}, "model.approximate"),
        ("PReLU", {"num_parameters": 0}, "model.num_parameters"),
        ("RReLU", {"lower": 0.5}, "model.upper"),
        ("Hardtanh", {"min_val": 1.0}, "model.max_val"),
        ("Hardtanh", {"min_value": -1.0}, "model.min_value"),
        ("CELU", {"alpha": 0}, "model.alpha"),
        ("Softshrink", {"lambd": -1}, "model.lambd"),
        ("Threshold", {"threshold": 1}, "model.value"),
        ("ConvTranspose1d", {"out_channels": 1, "kernel_size": 1, "padding": "same"}, "model.padding"),
        ("ConvTranspose2d", {"out_channels": 1, "kernel_size": 1, "padding_mode": "circular"}, "model.padding_mode"),
        ("LPPool2d", {"norm_type": 0, "kernel_size": 2}, "model.norm_type"),
        ("MaxPool3d", {"kernel_size": [1, 2]}, "model.kernel_size"),
        ("MaxPool3d", {"kernel_size": 1, "return_indices": True}, "model.return_indices"),
        ("AdaptiveMaxPool2d", {"output_size": 0}, "model.output_size"),
        ("GroupNorm", {"num_groups": 0}, "model.num_groups"),
        ("ZeroPad2d", {"padding": [1, 2]}, "model.padding"),
        ("Upsample", {}, "model.size"),
        ("Upsample", {"size": 1, "scale_factor": 2}, "model.size"),
        ("Upsample", {"scale_factor": 0}, "model.scale_factor"),
        ("Upsample", {"size": 1, "mode": "cubic"}, "model.mode"),
        ("Upsample", {"size": 1, "align_corners": False}, "model.align_corners"),
        ("Upsample", {"size": 1, "recompute_scale_factor": True}, "model.recompute_scale_factor"),
        ("UpsamplingNearest2d", {}, "model.size"),
        ("UpsamplingBilinear2d", {"size": 1, "scale_factor": [1, 2]}, "model.size"),
        ("Embedding", {"num_embeddings": 2}, "model.embedding_dim"),
        ("Embedding", {"num_embeddings": 3, "embedding_dim": 2, "padding_idx": 3}, "model.padding_idx"),
        ("Embedding", {"num_embeddings": 3, "embedding_dim": 2, "max_norm": 0}, "model.max_norm"),
        ("EmbeddingBag", {"num_embeddings": 3, "embedding_dim": 2, "padding_idx": -4}, "model.padding_idx"),
        ("EmbeddingBag", {"num_embeddings": 3, "embedding_dim": 2, "mode": "min"}, "model.mode"),
        ("EmbeddingBag", {"num_embeddings": 3, "embedding_dim": 2, "mode": "max", "sparse": True}, "model.sparse"),
        (
            "EmbeddingBag",
            {"num_embeddings": 3, "embedding_dim": 2, "mode": "max", "scale_grad_by_freq": True},
            "model.scale_grad_by_freq",
        ),
        ("LSTM", {}, "model.hidden_size"),
        ("LSTM", {"hidden_size": 2, "dropout": 0.1}, "model.dropout"),
        ("LSTM", {"hidden_size": 2, "proj_size": 2}, "model.proj_size"),
        ("LSTM", {"hidden_size": 2, "batch_first": True}, "model.batch_first"),
        ("GRU", {"hidden_size": 2, "proj_size": 1}, "model.proj_size"),
        ("GRU", {"hidden_size": 2, "returns": "first"}, "model.returns"),
        ("RNN", {"hidden_size": 2, "nonlinearity": "gelu"}, "model.nonlinearity"),
        ("RNN", {"hidden_size": 2, "num_layers": 0}, "model.num_layers"),
        ("MultiheadAttention", {}, "model.num_heads"),
        ("TransformerEncoderLayer", {"nhead": 1, "activation": "tanh"}, "model.activation"),
        ("TransformerEncoder", {"nhead": 1}, "model.num_layers"),
        ("TransformerEncoder", {"nhead": 1, "num_layers": 1, "norm": "LayerNorm"}, "model.norm"),
        ("SequencePool", {"mode": "last"}, "model.mode"),
        ("Transpose", {"dim0": 0}, "model.dim0"),
        ("Bilinear", {"out_features": 0}, "model.out_features"),
        ("CosineSimilarity", {"eps": -1}, "model.eps"),
        ("Residual", {"layers": []}, "model.layers"),
        ("Parallel", {"branches": []}, "model.branches"),
        ("Parallel", {"branches": [{"type": "ReLU"}], "join": "mean"}, "model.join"),
        ("Parallel", {"branches": [{"type": "ReLU"}], "join": "sum", "dim": 2}, "model.dim"),
        ("Repeat", {"layers": [{"type": "ReLU"}]}, "model.times"),
        ("Repeat", {"layers": [{"type": "ReLU"}], "times": 0}, "model.times"),
        ("Heads", {"heads": {}}, "model.heads"),
        ("Heads", {"heads": {"a.b": {"type": "ReLU"}}}, "model.heads"),
        ("Heads", {"heads": {"mean": {"type": "Linear"}}}, "model.heads.mean"),
        ("Sequential", {"layers": []}, "model.layers"),
        ("Sequential", {}, "model.layers"),
    ],
)
def test_options_that_torch_would_refuse_are_reported(name, options, path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        loaded_model({"type": name, **options})
    assert [".".join(map(str, problem.path)) for problem in raised.value.problems] == [path]

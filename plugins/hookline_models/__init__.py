"""Layers of torch, by topic, and what puts them together."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's models and layers, by the modules that have them."""
    return Components(
        __name__,
        adaptive_pooling=(
            "AdaptiveAvgPool1d",
            "AdaptiveAvgPool2d",
            "AdaptiveAvgPool3d",
            "AdaptiveMaxPool1d",
            "AdaptiveMaxPool2d",
            "AdaptiveMaxPool3d",
        ),
        attention=("MultiheadAttention", "TransformerEncoder", "TransformerEncoderLayer"),
        average_pooling=("AvgPool1d", "AvgPool2d", "AvgPool3d"),
        channel_normalization=(
            "BatchNorm1d",
            "BatchNorm2d",
            "BatchNorm3d",
            "InstanceNorm1d",
            "InstanceNorm2d",
            "InstanceNorm3d",
        ),
        convolution=("Conv1d", "Conv2d", "Conv3d"),
        edge_padding=(
            "CircularPad1d",
            "CircularPad2d",
            "CircularPad3d",
            "ReflectionPad1d",
            "ReflectionPad2d",
            "ReflectionPad3d",
            "ReplicationPad1d",
            "ReplicationPad2d",
            "ReplicationPad3d",
        ),
        embedding=("Embedding", "EmbeddingBag", "LearnedPositionalEmbedding"),
        folding=("Fold", "Unfold"),
        gates=("GELU", "GLU", "Hardswish", "Mish", "SiLU"),
        heads=("Heads",),
        linear=("Identity", "Linear"),
        max_pooling=("MaxPool1d", "MaxPool2d", "MaxPool3d"),
        normalization=("GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"),
        padding=("ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d"),
        pairs=("Bilinear", "CosineSimilarity", "PairwiseDistance"),
        parallel=("Parallel",),
        power_pooling=("LPPool1d", "LPPool2d", "LPPool3d"),
        rectifiers=("CELU", "ELU", "LeakyReLU", "PReLU", "RReLU", "ReLU", "ReLU6", "SELU", "Softplus", "Threshold"),
        recurrent=("GRU", "LSTM", "RNN"),
        regularization=("AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"),
        residual=("Residual",),
        sequence=("SequencePool",),
        sequential=("Repeat", "Sequential"),
        shape=("Flatten", "Transpose", "Unflatten"),
        shrinkage=("Hardshrink", "Softshrink", "Tanhshrink"),
        shuffling=("ChannelShuffle", "PixelShuffle", "PixelUnshuffle"),
        siamese=("Siamese",),
        sigmoids=("Hardsigmoid", "Hardtanh", "LogSigmoid", "Sigmoid", "Softsign", "Tanh"),
        softmax=("LogSoftmax", "Softmax", "Softmax2d", "Softmin"),
        transposed_convolution=("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        upsampling=("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"),
    )

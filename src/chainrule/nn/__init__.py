"""The mathematics: a formula and, right below it, its derivative."""

from chainrule.nn.activation import (
    ACTIVATIONS,
    Activation,
    Elu,
    Gelu,
    Identity,
    LeakyRelu,
    Relu,
    Sigmoid,
    Silu,
    Softplus,
    Tanh,
)
from chainrule.nn.attention import Positions, SelfAttention, transformer_block
from chainrule.nn.batch_norm import BatchNorm
from chainrule.nn.columns import Columns
from chainrule.nn.combine import Residual, Sequential
from chainrule.nn.conv import Conv2D
from chainrule.nn.conv1d import Conv1D
from chainrule.nn.cross_entropy import BinaryCrossEntropy, SoftmaxCrossEntropy
from chainrule.nn.dense import Dense
from chainrule.nn.depthwise import DepthwiseConv2D
from chainrule.nn.dropout import DropConnect, Dropout, SpatialDropout
from chainrule.nn.embedding import Embedding
from chainrule.nn.ensemble import Ensemble
from chainrule.nn.init import INITS
from chainrule.nn.layer import LAYERS, Equations, Layer, Param, register
from chainrule.nn.loss import LOSSES, Loss, losses_named
from chainrule.nn.norm import GroupNorm, LayerNorm
from chainrule.nn.pad import UpSample, ZeroPad
from chainrule.nn.penalty import Penalty
from chainrule.nn.periodic import Periodic
from chainrule.nn.piecewise import PiecewiseLinear
from chainrule.nn.pool import AvgPool2D, GlobalAvgPool, GlobalMaxPool, MaxPool2D
from chainrule.nn.recurrent.bidirectional import Bidirectional
from chainrule.nn.recurrent.gru import GRU
from chainrule.nn.recurrent.lstm import LSTM
from chainrule.nn.recurrent.simple import SimpleRNN
from chainrule.nn.regression import Huber, Pinball, Poisson, SquaredError
from chainrule.nn.scale import Scale
from chainrule.nn.shape import Flatten, Reshape
from chainrule.nn.smooth_clip import SmoothClip
from chainrule.nn.transpose import ConvTranspose2D

__all__ = [
    "ACTIVATIONS",
    "GRU",
    "INITS",
    "LAYERS",
    "LOSSES",
    "LSTM",
    "Activation",
    "AvgPool2D",
    "BatchNorm",
    "Bidirectional",
    "BinaryCrossEntropy",
    "Columns",
    "Conv1D",
    "Conv2D",
    "ConvTranspose2D",
    "Dense",
    "DepthwiseConv2D",
    "DropConnect",
    "Dropout",
    "Elu",
    "Embedding",
    "Ensemble",
    "Equations",
    "Flatten",
    "Gelu",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "Huber",
    "Identity",
    "Layer",
    "LayerNorm",
    "LeakyRelu",
    "Loss",
    "MaxPool2D",
    "Param",
    "Penalty",
    "Periodic",
    "PiecewiseLinear",
    "Pinball",
    "Poisson",
    "Positions",
    "Relu",
    "Reshape",
    "Residual",
    "Scale",
    "SelfAttention",
    "Sequential",
    "Sigmoid",
    "Silu",
    "SimpleRNN",
    "SmoothClip",
    "SoftmaxCrossEntropy",
    "Softplus",
    "SpatialDropout",
    "SquaredError",
    "Tanh",
    "UpSample",
    "ZeroPad",
    "losses_named",
    "register",
    "transformer_block",
]

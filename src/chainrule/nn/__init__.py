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
from chainrule.nn.combine import Residual, Sequential
from chainrule.nn.conv import Conv2D
from chainrule.nn.dense import Dense
from chainrule.nn.dropout import DropConnect, Dropout
from chainrule.nn.init import INITS
from chainrule.nn.layer import LAYERS, Equations, Layer, Param, register
from chainrule.nn.loss import (
    LOSSES,
    BinaryCrossEntropy,
    Huber,
    Loss,
    Poisson,
    SoftmaxCrossEntropy,
    SquaredError,
)
from chainrule.nn.penalty import Penalty
from chainrule.nn.pool import AvgPool2D, GlobalAvgPool, GlobalMaxPool, MaxPool2D
from chainrule.nn.shape import Flatten, Reshape

__all__ = [
    "ACTIVATIONS",
    "INITS",
    "LAYERS",
    "LOSSES",
    "Activation",
    "AvgPool2D",
    "BinaryCrossEntropy",
    "Conv2D",
    "Dense",
    "DropConnect",
    "Dropout",
    "Elu",
    "Equations",
    "Flatten",
    "Gelu",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "Huber",
    "Identity",
    "Layer",
    "LeakyRelu",
    "Loss",
    "MaxPool2D",
    "Param",
    "Penalty",
    "Poisson",
    "Relu",
    "Reshape",
    "Residual",
    "Sequential",
    "Sigmoid",
    "Silu",
    "SoftmaxCrossEntropy",
    "Softplus",
    "SquaredError",
    "Tanh",
    "register",
]

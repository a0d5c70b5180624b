"""Recipes: kinds of networks by name, each with settings of its own and with defaults by the data.

`recipe.py` has the base class and the table `MODELS`, `front.py` what stands before the first hidden layer of a table's network;
each other file is one recipe.
"""

from chainrule.recipes.auto import Auto, recipe_from
from chainrule.recipes.cnn import Cnn, cnn
from chainrule.recipes.front import Front, fronted
from chainrule.recipes.linear import Linear
from chainrule.recipes.mlp import Mlp, mlp
from chainrule.recipes.recipe import MODELS, Pace, Recipe, fields_of, owners, register
from chainrule.recipes.recurrent import Gru, Lstm, Rnn
from chainrule.recipes.sequence import SequenceRecipe
from chainrule.recipes.transformer import Transformer

__all__ = [
    "MODELS",
    "Auto",
    "Cnn",
    "Front",
    "Gru",
    "Linear",
    "Lstm",
    "Mlp",
    "Pace",
    "Recipe",
    "Rnn",
    "SequenceRecipe",
    "Transformer",
    "cnn",
    "fields_of",
    "fronted",
    "mlp",
    "owners",
    "recipe_from",
    "register",
]

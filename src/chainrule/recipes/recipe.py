"""A recipe: a kind of network with settings of its own, and the table of all recipes by name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, ClassVar, Self, TypeVar

from chainrule.constraints import check_fields
from chainrule.errors import ConfigError
from chainrule.network.network import Network
from chainrule.nn import Loss
from chainrule.types import Shape


@dataclass(frozen=True)
class Pace:
    """How long, and with what rate, a kind of network learns where nobody says otherwise.

    Attributes
    ----------
    most_epochs, least_epochs : int
        Between them, as many as it takes for a few thousand steps.
    learning_rate : float
        η of a rule that scales its steps, such as Adam.
    schedule : str
        A name in `optim.SCHEDULES`.
    clip_norm : float, optional
        Most length of the gradient.
    l2 : float, optional
        Penalty on the square of the weights; 1 / rows if left out.
    """

    most_epochs: int = 500
    least_epochs: int = 30
    learning_rate: float = 0.003
    schedule: str = "constant"
    clip_norm: float | None = None
    l2: float | None = None


@dataclass(frozen=True)
class Recipe(ABC):
    """A kind of network. Its fields are its settings; what needs the data to be chosen is None until `resolved`.

    A subclass is a frozen dataclass all of whose fields have defaults, declared by `chainrule.constraints` where they are
    to be checked and described.

    Attributes
    ----------
    name : str
        What the kind is called in settings: `model = "cnn"`.
    about : str
        The kind in a few words.
    for_pictures : bool
        Whether its inputs are pictures, which may be augmented.
    reads_sequences : bool
        Whether it reads its inputs step by step: texts become ids then, and sounds of any length sequences of that length.
    """

    name: ClassVar[str]
    about: ClassVar[str]
    for_pictures: ClassVar[bool] = False
    reads_sequences: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Check the fields against their declared constraints; lists, which a file of settings has, become tuples."""
        check_fields(self, owner="")
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                object.__setattr__(self, field.name, tuple(value))

    @classmethod
    def claims(cls, input_shape: Shape) -> bool:
        """Tell whether this is the kind for samples of such a shape where nobody names one. The latest registered wins."""
        return False

    def resolved(self, n_train: int, input_shape: Shape) -> Self:
        """Return the recipe with every choice made that depends on the data.

        Parameters
        ----------
        n_train : int
            Number of training rows.
        input_shape : tuple of int
            Shape of one sample.
        """
        return self

    def pace(self, n_train: int) -> Pace:
        """Return how such a network learns on so many training rows, where nobody says otherwise."""
        return Pace()

    @abstractmethod
    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Return the network; raise ShapeError if samples of such a shape do not suit it.

        Parameters
        ----------
        input_shape : tuple of int
            Shape of one sample.
        outputs : int
            K, the number of logits.
        loss : Loss
            Cost of the logits.
        """

    def sequence_network(
        self, input_shape: Shape, outputs: int, loss: Loss, *, ids: int | None = None, every_step: bool = False
    ) -> Network:
        """Return a network that reads sequences; by default there is none of this kind.

        Parameters
        ----------
        input_shape : tuple of int
            (T,) of ids, (T, D) of numbers.
        outputs, loss
            As in `network`.
        ids : int, optional
            How many ids there are, where the steps are ids, of which 0 is the padding.
        every_step : bool
            Whether it answers at every step, with logits (T, K), or once, with logits (K,).
        """
        raise _no_reader(self)

    def looking_back(self) -> Self:
        """Return this recipe such that no step of its networks sees what comes after it; ConfigError if that cannot be."""
        raise _no_reader(self)

    @property
    def settings(self) -> dict[str, Any]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def describe(self) -> str:
        """Return the network in a few words."""
        return ", ".join([self.name, *(f"{name} {value}" for name, value in self.settings.items())])

    def wider(self) -> dict[str, Any]:
        """Return the settings, changed, that make the network larger where it learns."""
        return {}

    def calmer(self) -> dict[str, Any]:
        """Return the settings, changed, that make it harder to learn the training rows by heart."""
        return {}


R = TypeVar("R", bound=type[Recipe])

MODELS: dict[str, type[Recipe]] = {}


def register(recipe: R) -> R:
    """Enter a recipe in the table of models, under its name; a class that is defined again takes its own place.

    Raises
    ------
    ConfigError
        If another recipe has the name, or the class cannot be made from settings.
    """
    called = recipe.__name__
    if "__dataclass_fields__" not in vars(recipe):
        raise ConfigError(
            f"the recipe {called} to be a dataclass", "a plain class", "Put @dataclass(frozen=True) over it."
        )
    for attribute in ("name", "about"):
        if not isinstance(getattr(recipe, attribute, None), str):
            remedy = f'Write {attribute}: ClassVar[str] = "…" into the class.'
            raise ConfigError(f"the recipe {called} to have a {attribute}", "none", remedy)
    for field in fields(recipe):
        if field.default is MISSING and field.default_factory is MISSING:
            remedy = "Give it one; None may stand for what `resolved` chooses."
            raise ConfigError(f"a default for {field.name} of the recipe {called}", "none", remedy)
    known = MODELS.get(recipe.name)
    again = known is None or (known.__module__, known.__qualname__) == (recipe.__module__, recipe.__qualname__)
    if not again or recipe.name == "auto":
        raise ConfigError("a recipe with a name of its own", f"a second {recipe.name!r}", f"Rename that of {called}.")
    MODELS[recipe.name] = recipe
    return recipe


def _no_reader(recipe: Recipe) -> ConfigError:
    readers = [known.name for known in MODELS.values() if known.reads_sequences]
    return ConfigError(
        f"a model that reads sequences: {', '.join(readers)}", f"{recipe.name}", f"Choose `model={readers[0]}`."
    )


def fields_of(recipe: type[Recipe]) -> dict[str, Field[Any]]:
    """Return the settings of a recipe as they are declared, by name."""
    return {field.name: field for field in fields(recipe)}


def owners(name: str) -> list[type[Recipe]]:
    """Return the recipes that have a setting of this name."""
    return [recipe for recipe in MODELS.values() if name in fields_of(recipe)]

"""From a name and settings to a recipe; and the choice of the kind by the data, where nobody named one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from chainrule.constraints import check_value
from chainrule.errors import ConfigError, did_you_mean
from chainrule.network.network import Network
from chainrule.nn import Loss
from chainrule.recipes.recipe import MODELS, Recipe, fields_of, owners
from chainrule.types import Shape


def recipe_from(name: object, settings: Mapping[str, Any]) -> Recipe:
    """Return the recipe of this name with these settings.

    Parameters
    ----------
    name : str
        A name in `MODELS`, or `auto`, which waits for the data.
    settings : mapping
        Settings of that recipe.

    Raises
    ------
    ConfigError
        If there is no such recipe, or it has no such setting, or does not accept a value.
    """
    if name == Auto.name:
        return Auto(dict(settings))
    if not isinstance(name, str) or name not in MODELS:
        remedy = did_you_mean(str(name), [Auto.name, *MODELS]) + " A recipe of your own must be imported first."
        raise ConfigError("the name of a model", f"{name!r}", remedy)
    recipe = MODELS[name]
    _require_own(recipe, settings, f"the model {name}")
    return recipe(**settings)


def _require_own(recipe: type[Recipe], settings: Mapping[str, Any], model: str) -> None:
    """Raise ConfigError for the first setting that the recipe does not have, with the model that has it."""
    for name in settings:
        if name in fields_of(recipe):
            continue
        others = [other.name for other in owners(name)]
        if not others:
            raise ConfigError(f"a setting of {model}", f"{name!r}", did_you_mean(name, fields_of(recipe)))
        raise ConfigError(
            f"a setting of {model}",
            f"{name}, which belongs to {' and '.join(others)}",
            f"Choose `model={others[0]}`, or leave `{name}` out.",
        )


@dataclass(frozen=True)
class Auto(Recipe):
    """The choice that waits for the data, with the settings that were given for whatever it will be."""

    name: ClassVar[str] = "auto"
    about: ClassVar[str] = "chosen by the data"

    given: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that each setting is one that some recipe accepts."""
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in self.given.items()}
        object.__setattr__(self, "given", given)
        for name, value in given.items():
            refused: ConfigError | None = None
            known = owners(name)
            if not known:
                names = {other: None for recipe in MODELS.values() for other in fields_of(recipe)}
                raise ConfigError("a setting of a model", f"{name!r}", did_you_mean(name, names))
            for recipe in known:
                try:
                    check_value("", name, value, fields_of(recipe)[name].metadata)
                    break
                except ConfigError as error:
                    refused = error
            else:
                assert refused is not None  # noqa: S101 (each of the owners has refused)
                raise refused

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that were given."""
        return dict(self.given)

    def resolved(self, n_train: int, input_shape: Shape) -> Recipe:  # type: ignore[override]
        """Return the recipe that claims such inputs, with the settings that were given; it refuses those it has not."""
        recipe = next(recipe for recipe in reversed(MODELS.values()) if recipe.claims(input_shape))
        _require_own(recipe, self.given, f"the model {recipe.name}, which is taken for inputs of shape {input_shape}")
        return recipe(**self.given).resolved(n_train, input_shape)

    def network(self, input_shape: Shape, outputs: int, loss: Loss) -> Network:
        """Refuse: nothing has been chosen yet."""
        raise ConfigError("a model that is settled", "auto", "Name one, or call resolved(n_train, input_shape) first.")

"""Fitted estimators as files: the one safe format, its classes and whatever they are made of from closed registries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import ChainruleError, ConfigError, ModelFileError, did_you_mean
from chainrule.files import replace_file
from chainrule.models.values import Form, Reader, Writer, enter
from chainrule.saved.archive import README, REMEDY, Archive, read_archive, to_json, write_archive
from chainrule.saved.tensors import pack, shapes_of, unpack_declared

SCHEMA_VERSION = 1
_ESTIMATOR, _WEIGHTS = "estimator.json", "weights.safetensors"
_PARTS = frozenset({_ESTIMATOR, _WEIGHTS, README})
_OTHERS = {"model.json": "Load it with chainrule.load_model."}

Attributes = Mapping[str, tuple[type, ...]]


class Saved:
    """What an estimator needs to be kept in a file: it declares what a fit leaves behind, class by class."""

    # Names of fitted attributes, and the types that they may have.
    _fitted: ClassVar[Attributes] = {}
    # Those of them that a fitted estimator may lack.
    _may_lack: ClassVar[frozenset[str]] = frozenset({"feature_names_in_", "_sklearn_output_config"})

    def save(self, path: Path | str) -> None:
        """Write the fitted estimator into one file of JSON and plain tensors, for `chainrule.load_estimator`.

        What is loaded predicts the same to the bit, and goes on learning (`warm_start`, `partial_fit`) as this one would;
        a RandomState is saved as it stands.

        Parameters
        ----------
        path : path
            `NAME.chainrule`; an old file is replaced only when the new one is complete.

        Raises
        ------
        NotFittedError
            If there is nothing to save yet.
        ConfigError
            If a parameter is no number, text, array, or one of Chainrule's registered values: a function, for example.
        ModelFileError
            If the weights are not finite, or the estimator would not be fitted when loaded. Nothing is written.
        RunFolderError
            If the file cannot be written.
        """
        check_is_fitted(self)
        writer = Writer()
        described = _write_estimator(writer, self, "")
        head = {
            "format": "chainrule-estimator",
            "schema_version": SCHEMA_VERSION,
            "arrays": shapes_of(writer.arrays),
            "estimator": described,
        }
        content = write_archive(
            {_ESTIMATOR: to_json(head), README: _readme(described["class"]), _WEIGHTS: pack(writer.arrays)}
        )
        try:
            _estimator_of(_archive(content))
        except ChainruleError as error:
            remedy = "Fit the estimator again." if error.remedy == REMEDY else error.remedy
            raise ModelFileError(
                f"an estimator that can be loaded again, with {error.expected}", error.came, remedy
            ) from error
        replace_file(Path(path), content)

    def _check_loaded(self) -> None:
        """Raise ModelFileError if the attributes of a file do not fit together."""


T = TypeVar("T", bound=type[Any])

ESTIMATORS: dict[str, type[Any]] = {}


def register(estimator: T) -> T:
    """Enter an estimator class in the closed registry, the only place where a file's names are looked up."""
    kind = estimator.__name__
    if ESTIMATORS.setdefault(kind, estimator) is not estimator:
        raise ConfigError("an estimator class with a name of its own", f"a second {kind!r}", "Rename the class.")
    return estimator


def load_estimator(path: Path | str) -> Any:
    """Read the fitted estimator that `save` wrote.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged or of another sort, names what is not registered, has weights that do not fit
        the network or are not finite, or would cost out of all proportion to its size.
    """
    return _estimator_of(_archive(Path(path)))


def _archive(source: Path | bytes) -> Archive:
    return read_archive(source, what="the file of an estimator", parts=_PARTS, others=_OTHERS)


def _estimator_of(archive: Archive) -> Any:
    head = archive.json(_ESTIMATOR)
    if not isinstance(head, dict) or head.get("format") != "chainrule-estimator":
        raise ModelFileError("an estimator of Chainrule", f"a file whose {_ESTIMATOR} says otherwise", REMEDY)
    version = head.get("schema_version")
    if type(version) is not int or version != SCHEMA_VERSION:
        raise ModelFileError(
            f"an estimator's file of version {SCHEMA_VERSION}",
            f"version {version!r:.20}",
            "Use the Chainrule that wrote it.",
        )
    reader = Reader(unpack_declared(archive.parts[_WEIGHTS], _WEIGHTS, head.get("arrays")))
    try:
        estimator = _read_estimator(reader, head.get("estimator"), 0)
        check_is_fitted(estimator)
    except RecursionError as error:
        raise ModelFileError("an estimator", "lists that are nested without end", REMEDY) from error
    except NotFittedError as error:
        raise ModelFileError("a fitted estimator", "one that is not", REMEDY) from error
    except ConfigError as error:
        raise ModelFileError(error.expected[:300], error.came[:300], REMEDY) from error
    if reader.arrays:
        raise ModelFileError("arrays that the estimator has", f"{next(iter(reader.arrays))!r:.80}", REMEDY)
    return estimator


def declared(kind: type[Any]) -> Attributes:
    """Return the fitted attributes of an estimator class, those of its base classes included."""
    return {name: types for base in reversed(kind.__mro__) for name, types in vars(base).get("_fitted", {}).items()}


def _write_estimator(writer: Writer, estimator: Any, where: str) -> dict[str, Any]:
    kind = type(estimator)
    if ESTIMATORS.get(kind.__name__) is not kind:
        raise ConfigError(
            "an estimator of chainrule.models",
            f"{kind.__name__}, which is not registered",
            "Decorate the class with chainrule.models.saved.register.",
        )
    before = f"{where}." if where else ""
    parameters = estimator.get_params(deep=False)
    fitted = {name: value for name, value in vars(estimator).items() if name not in parameters}
    known = declared(kind)
    if strange := sorted(set(fitted) - set(known)):
        raise ConfigError(
            f"{kind.__name__} to have parameters and what a fit leaves behind",
            f"{strange[0]} as well",
            "Take it off before saving, and set it again after loading.",
        )
    return {
        "class": kind.__name__,
        "parameters": {name: writer.write(value, f"{before}{name}") for name, value in parameters.items()},
        "fitted": {name: writer.write(fitted[name], f"{before}{name}") for name in known if name in fitted},
    }


def _read_estimator(reader: Reader, content: Any, depth: int) -> Any:
    if not isinstance(content, dict) or set(content) != {"class", "parameters", "fitted"}:
        raise ModelFileError("a class, its parameters and what was fitted", f"{content!r:.60}", REMEDY)
    name, parameters, fitted = content["class"], content["parameters"], content["fitted"]
    if not isinstance(name, str) or name not in ESTIMATORS:
        remedy = did_you_mean(name, ESTIMATORS) if isinstance(name, str) else REMEDY
        raise ModelFileError("an estimator of chainrule.models", f"the class {name!r:.60}", remedy)
    kind = ESTIMATORS[name]
    _check_names(parameters, kind._get_param_names(), f"parameters of {name}")
    _check_names(fitted, declared(kind), f"fitted attributes of {name}")
    settings = {key: reader.read(value, depth + 1) for key, value in parameters.items()}
    try:
        estimator = kind(**settings)
        estimator._validate_params()
    except (ValueError, TypeError) as error:
        # Both scikit-learn's and Chainrule's own refusals are ValueErrors.
        raise ModelFileError(f"parameters that {name} accepts", f"{error!s:.300}", REMEDY) from error
    for key, types in declared(kind).items():
        if key in fitted:
            value = reader.read(fitted[key], depth + 1)
            if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
                raise ModelFileError(f"{key} of {name} to be {_names(types)}", f"{value!r:.60}", REMEDY)
            setattr(estimator, key, value)
    if fitted:
        if lacking := sorted(set(declared(kind)) - set(fitted) - kind._may_lack):
            raise ModelFileError(f"all that a fit of {name} leaves behind", f"no {lacking[0]}", REMEDY)
        estimator._check_loaded()
    return estimator


def _check_names(found: Any, known: Any, what: str) -> None:
    if not isinstance(found, dict):
        raise ModelFileError(what, f"{found!r:.60}", REMEDY)
    if strange := sorted(set(found) - set(known)):
        raise ModelFileError(what, f"{strange[0]!r:.80}", REMEDY)


def _names(types: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in types)


def _readme(kind: str) -> str:
    lines = [
        f"# A fitted {kind} of Chainrule",
        "",
        "`estimator.json` has its parameters and what was fitted, `weights.safetensors` the arrays.",
        "Nothing in this file is code. Use it with `chainrule.load_estimator(path)`.",
        "",
    ]
    return "\n".join(lines)


enter(Saved, Form("estimator", _write_estimator, _read_estimator))

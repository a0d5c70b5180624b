"""What a request looks like, for programs: JSON Schema of a row, and OpenAPI of the whole."""

from __future__ import annotations

from typing import Any

from chainrule import __version__
from chainrule.encode.category import Category, Ordinal
from chainrule.encode.images import ImageEncoding
from chainrule.encode.numeric import Boolean
from chainrule.encode.preparation import Preparation
from chainrule.encode.sounds import SoundEncoding
from chainrule.serve.columns import Column
from chainrule.serve.predictor import Predictor
from chainrule.sources.reading.notation import Date

# What JSON Schema has no word for: under this name, as extensions are called.
OURS = "x-chainrule"


def schema_of(predictor: Predictor) -> dict[str, Any]:
    """Return the JSON Schema of one row, or of one picture; of sounds, which JSON does not carry, of a file."""
    preparation = predictor.preparation
    encoding = preparation.encoding
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    if isinstance(encoding, ImageEncoding):
        n = encoding.size[0] * encoding.size[1] * encoding.size[2]
        pixel = {"type": "number", "minimum": 0, "maximum": encoding.white}
        schema |= {"title": encoding.describe(), "type": "array", "items": pixel, "minItems": n, "maxItems": n}
    elif isinstance(encoding, SoundEncoding):
        schema |= {"title": encoding.describe(), "type": "string", "contentMediaType": "audio/wav"}
    else:
        columns = predictor.reader.columns
        schema |= {
            "title": f"A row to predict {preparation.target.name} for",
            "type": "object",
            "properties": {column.name: _property(column) for column in columns},
            "required": [column.name for column in columns],
        }
    return schema | {OURS: _about(predictor, preparation)}


def _about(predictor: Predictor, preparation: Preparation) -> dict[str, Any]:
    target = preparation.target
    return {
        "target": target.name,
        "task": target.task,
        "classes": list(predictor.model.classes),
        "inputs": preparation.kind,
        "accepts": list(predictor.reader.accepted),
        "describe": preparation.encoding.describe(),
        "most_rows": predictor.reader.most_rows,
        "model": predictor.digest,
    }


def _property(column: Column) -> dict[str, Any]:
    encoder, seen = column.encoder, column.seen
    kind = "number" if column.is_number and not column.is_flag else "boolean" if column.is_flag else "string"
    about: dict[str, Any] = {"kind": encoder.kind, "written": column.notation.describe(), "becomes": encoder.describe()}
    if seen.low is not None and encoder.kind == "numeric":
        about |= {"low": seen.low, "high": seen.high}
    if isinstance(encoder, (Category, Ordinal)):
        about["categories"] = list(encoder.categories)
    if column.words:
        about |= {"true": column.words[True], "false": column.words[False]}
    found: dict[str, Any] = {"type": [kind, "null"], OURS: about}
    if isinstance(column.notation, Date) and column.notation.form == "date":
        found["description"] = "A date, such as 2026-11-30."
    usual = usual_of(column)
    return found if usual is None else found | {"default": usual}


def usual_of(column: Column) -> Any:
    """Return a usual value of a column as JSON has it: the median of training, or its most frequent category."""
    encoder, usual = column.encoder, column.seen.usual
    if isinstance(encoder, Boolean):
        word = str(usual) if usual is not None else encoder.true if encoder.fill > 0.5 else encoder.false
        return word.lower() == column.words[True].lower()
    if usual is None and encoder.kind == "numeric":
        # What a gap is filled in with: the median, unless it was chosen otherwise.
        usual = encoder.fill  # type: ignore[attr-defined]
    if isinstance(usual, str) and column.is_number:
        usual = float(usual)
    return int(usual) if isinstance(usual, float) and usual.is_integer() and abs(usual) < 2**53 else usual


def openapi_of(predictor: Predictor, *, with_token: bool) -> dict[str, Any]:
    """Return the description of all that the server answers, as OpenAPI 3.1 has it."""
    row = {name: value for name, value in schema_of(predictor).items() if name != "$schema"}
    rows = {"type": "array", "items": {"$ref": "#/components/schemas/Row"}, "minItems": 1}
    is_table = predictor.preparation.kind == "table"
    content: dict[str, Any] = {kind: {"schema": {"type": "string"}} for kind in predictor.reader.accepted}
    if "application/json" in content:
        alone = [{"$ref": "#/components/schemas/Row"}] if is_table else []
        content["application/json"] = {"schema": {"oneOf": [rows, *alone]}}
    flag = {"in": "query", "schema": {"type": "boolean", "default": False}}
    parameters = [{"name": "notes", "description": "Also what was filled in, or not known.", **flag}]
    if predictor.preparation.kind == "sounds":
        parameters.append({"name": "resample", "description": "Bring the sound to the rate trained on.", **flag})
    refusals = {400: "no JSON", 401: "no token", 408: "too slow", 413: "too large", 415: "another content type"}
    refusals |= {422: "a cell or a column that is not as in training", 503: "too much at once"}
    failed = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses: dict[str, Any] = {
        "200": {
            "description": "An answer for each row.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
        }
    } | {str(code): {"description": what, "content": failed} for code, what in refusals.items()}
    predict = {
        "summary": f"Predict {predictor.preparation.target.name}",
        "parameters": parameters,
        "requestBody": {"required": True, "content": content},
        "responses": responses,
    }
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": f"Chainrule: {predictor.preparation.target.name}", "version": __version__},
        "paths": {"/predict": {"post": predict}} | {path: {"get": _get(what)} for path, what in _OTHERS.items()},
        "components": {"schemas": {"Row": row, "Answer": _answer(predictor), "Error": _ERROR}},
    }
    if with_token:
        described["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        described["security"] = [{"token": []}]
    return described


_OTHERS = {
    "/schema": "JSON Schema of a row",
    "/openapi.json": "This description",
    "/health": "Whether the server answers; open to all",
    "/metrics": "Counts for Prometheus",
}


def _get(what: str) -> dict[str, Any]:
    return {"summary": what, "responses": {"200": {"description": what}}}


def _answer(predictor: Predictor) -> dict[str, Any]:
    classes = list(predictor.model.classes)
    texts = {"type": "array", "items": {"type": "string"}}
    fields: dict[str, Any] = {
        "target": {"type": "string"},
        "answers": {"type": "array", "items": {"enum": classes} if classes else {"type": "number"}},
        "model": {"type": "string", "description": "The beginning of the model file's SHA-256."},
        "ignored": {**texts, "description": "Columns that the model does not know."},
        "notes": texts,
    }
    if classes:
        fields["classes"] = texts
        fields["probabilities"] = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
    return {"type": "object", "properties": fields, "required": ["target", "answers", "model"]}


_TEXT, _MAYBE = {"type": "string"}, ["null"]
_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "expected": _TEXT,
                "came": _TEXT,
                "remedy": _TEXT,
                "column": {"type": ["string", *_MAYBE]},
                "row": {"type": ["integer", *_MAYBE], "minimum": 1},
            },
            "required": ["expected", "came", "remedy", "column", "row"],
        }
    },
}

"""Frozen dataclasses to JSON and back, with every type checked on the way in.

A field named `extra` collects the keys that this version does not know, so that a file written by a newer
minor version survives a round trip. Not a general serialiser: it knows the few kinds of field that the
project's values have, and refuses everything else.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from renderer.errors import Refusal

T = TypeVar("T")


def encode(value: Any) -> Any:
    """A value as plain JSON data; paths become POSIX text, tuples lists, `extra` keys go back to their place."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        known = {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value) if f.name != "extra"}
        return {**dict(getattr(value, "extra", {})), **known}
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    return value


def decode(kind: type[T], data: Any, where: str = "project") -> T:
    """Read what `encode` wrote; raises `Refusal`, naming the place, for data that do not fit."""
    if not isinstance(data, dict):
        raise Refusal(f"{where} should be an object, but it is {_name(data)}.")
    hints = _hints(kind)  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        if field.name == "extra":
            known = {f.name for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
            values["extra"] = {key: item for key, item in data.items() if key not in known}
        elif field.name in data:
            values[field.name] = _read(hints[field.name], data[field.name], f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise Refusal(f"{where} lacks {field.name!r}.")
    try:
        return kind(**values)
    except (ValueError, TypeError) as fault:
        raise Refusal(f"{where} holds values that do not fit ({fault}).") from fault


_hints = functools.cache(typing.get_type_hints)
"""A class's fields never change; working them out costs more than reading the values."""


def _read(hint: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _read_optional(hint, data, where)
    if origin is tuple:
        return _read_tuple(typing.get_args(hint), data, where)
    if origin is frozenset:
        return frozenset(_read_tuple((*typing.get_args(hint), Ellipsis), data, where))
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast("type[Any]", hint), data, where)
    return _read_plain(origin or hint, data, where)


def _read_optional(hint: Any, data: Any, where: str) -> Any:
    options = [option for option in typing.get_args(hint) if option is not type(None)]
    return None if data is None else _read(options[0], data, where)


def _read_tuple(inner: tuple[Any, ...], data: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(data, list):
        raise Refusal(f"{where} should be a list, but it is {_name(data)}.")
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_read(inner[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if len(data) != len(inner):
        raise Refusal(f"{where} should have {len(inner)} items, but it has {len(data)}.")
    return tuple(_read(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(inner, data, strict=True)))


def _read_plain(kind: Any, data: Any, where: str) -> Any:
    if kind is Path and isinstance(data, str):
        return Path(data)
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool) and math.isfinite(data):
        return float(data)
    if kind is int and isinstance(data, int) and not isinstance(data, bool):
        return data
    if kind in (str, bool) and isinstance(data, kind):
        return data
    if kind in (dict, Mapping) and isinstance(data, dict):
        return data
    raise Refusal(f"{where} should be {getattr(kind, '__name__', kind)}, but it is {_name(data)}.")


def _name(data: Any) -> str:
    return "null" if data is None else type(data).__name__

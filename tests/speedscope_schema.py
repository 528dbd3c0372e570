"""speedscope's file format, strictly: a copy of the rules of https://www.speedscope.app/file-format-schema.json."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

ValueUnit = Literal["bytes", "microseconds", "milliseconds", "nanoseconds", "none", "seconds"]


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """``additionalProperties: false``."""


class SchemaFrame(Strict):
    """``Frame``."""

    name: str
    file: str | None = None
    line: int | None = None
    col: int | None = None


class SchemaShared(Strict):
    """``shared``."""

    frames: list[SchemaFrame]


class SchemaSampled(Strict, kw_only=True):
    """``SampledProfile``."""

    type: Literal["sampled"]
    name: str
    unit: ValueUnit
    startValue: float
    endValue: float
    samples: list[list[Annotated[int, Meta(ge=0)]]]
    weights: list[Annotated[float, Meta(ge=0)]]


class SchemaFile(Strict, kw_only=True):
    """``FileFormat.File``."""

    schema: Literal["https://www.speedscope.app/file-format-schema.json"] = msgspec.field(name="$schema")
    shared: SchemaShared
    profiles: Annotated[list[SchemaSampled], Meta(min_length=1)]
    name: str | None = None
    activeProfileIndex: int | None = None
    exporter: str | None = None


def check(content: bytes) -> SchemaFile:
    """The file, if it is one that speedscope imports.

    :raises msgspec.ValidationError: for a field that is missing, wrong or unknown.
    :raises AssertionError: for what the schema says in words: one weight a sample, samples of frames that are there,
        values that end where the weights do.
    """
    file = msgspec.json.decode(content, type=SchemaFile)
    for profile in file.profiles:
        assert len(profile.samples) == len(profile.weights), "one weight a sample"
        assert all(number < len(file.shared.frames) for stack in profile.samples for number in stack), "no such frame"
        assert abs(profile.endValue - profile.startValue - sum(profile.weights)) < 1e-6, "values end with the weights"
    assert 0 <= (file.activeProfileIndex or 0) < len(file.profiles), "no such profile"
    return file

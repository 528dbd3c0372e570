"""A sampled profile as speedscope reads it (https://www.speedscope.app/file-format-schema.json, "SampledProfile")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from lanrage.core.stack_profile import Frame

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


class SharedFrame(msgspec.Struct, frozen=True, omit_defaults=True):
    """A function; samples name it by its place in the list."""

    name: str
    file: str = ""
    line: int = 0


class Shared(msgspec.Struct, frozen=True):
    """What all profiles of a file share."""

    frames: tuple[SharedFrame, ...]


class Sampled(msgspec.Struct, frozen=True, kw_only=True):
    """Stacks, outermost function first, and what each of them weighs."""

    type: str = "sampled"
    name: str
    unit: str = "seconds"
    startValue: float = 0.0
    endValue: float
    samples: tuple[tuple[int, ...], ...]
    weights: tuple[float, ...]


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file with one profile."""

    schema: str = msgspec.field(name="$schema", default=SCHEMA)
    shared: Shared
    profiles: tuple[Sampled, ...]
    name: str
    activeProfileIndex: int = 0
    exporter: str


def encode(
    frames: Sequence[Frame], stacks: Iterable[tuple[tuple[int, ...], float]], *, name: str, exporter: str
) -> bytes:
    """The file. The stacks are merged: how long each was seen is told, not when.

    :param stacks: numbers of `frames`, outermost first, and seconds.
    :param exporter: the program and its version.
    """
    found = sorted(stacks)
    weights = tuple(seconds for _, seconds in found)
    profile = Sampled(name=name, endValue=sum(weights), samples=tuple(stack for stack, _ in found), weights=weights)
    shared = Shared(tuple(SharedFrame(frame.function, frame.file, frame.line) for frame in frames))
    return msgspec.json.encode(File(shared=shared, profiles=(profile,), name=name, exporter=exporter))

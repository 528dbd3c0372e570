"""From which level on lines are written, by namespace (``docs/logging.rst``)."""

from __future__ import annotations

import re
from enum import IntEnum

import attrs

from lanrage.errors import BadInput

NAMESPACE = re.compile(r"[A-Za-z_][\w.]{0,99}")
CACHE_LIMIT = 2048
"""Namespaces remembered with their level; the package and its libraries have some 600."""
LIBRARY = "library"
"""The subsystem of lines that no part of LANrage wrote."""
LINES_LIMIT = 2_000
"""Lines that a process keeps in memory: some minutes of a busy node at level debug, a day of a calm one."""
RULES_LIMIT = 64
"""Namespaces with a level of their own; more are a mistake."""


class Level(IntEnum):
    """How grave a line is."""

    DEBUG = 10  # single operations
    INFO = 20  # the life of a part: it starts, stops, changes its state
    WARNING = 30  # trouble that is dealt with
    ERROR = 40  # something that was asked for failed
    CRITICAL = 50  # a bug, or the service cannot go on

    @property
    def word(self) -> str:
        """The name in lower case, as lines and options write it."""
        return self.name.lower()


WORDS = {"warn": Level.WARNING, **{level.word: level for level in Level}}
"""Accepted words, and what they mean."""


def parse_level(text: str, field: str) -> Level:
    """A level's word.

    :raises BadInput: names `field`.
    """
    level = WORDS.get(text.strip().lower())
    if level is None:
        raise BadInput(field, f"{text!r} is none of {', '.join(each.word for each in Level)}")
    return level


@attrs.frozen
class LevelPlan:
    """A level for all, and others for some namespaces and what is below them; the longest that fits counts.

    :param level: of all that no rule names.
    :param rules: namespace to level.
    """

    level: Level = Level.INFO
    rules: dict[str, Level] = attrs.Factory(dict)

    @classmethod
    def parse(cls, text: str, field: str = "log-level") -> LevelPlan:
        """``LEVEL`` and any number of ``NAMESPACE=LEVEL``, comma between.

        :raises BadInput: names `field`.
        """
        level, rules = Level.INFO, dict[str, Level]()
        parts = [part.strip() for part in text.split(",") if part.strip()]
        if len(parts) > RULES_LIMIT:
            raise BadInput(field, f"has more than {RULES_LIMIT} parts")
        for part in parts:
            namespace, equals, word = part.rpartition("=")
            if not equals:
                level = parse_level(part, field)
            elif NAMESPACE.fullmatch(namespace.strip()):
                rules[namespace.strip()] = parse_level(word, field)
            else:
                raise BadInput(field, f"{part!r} is neither LEVEL nor NAMESPACE=LEVEL")
        return cls(level, rules)

    def __str__(self) -> str:
        return ",".join((self.level.word, *(f"{name}={level.word}" for name, level in self.rules.items())))

    @property
    def lowest(self) -> Level:
        """The level below which no namespace writes anything."""
        return min((self.level, *self.rules.values()))

    def of(self, namespace: str) -> Level:
        """The level from which on this namespace writes."""
        while namespace:
            level = self.rules.get(namespace)
            if level is not None:
                return level
            namespace = namespace.rpartition(".")[0]
        return self.level


@attrs.define
class Levels:
    """The plan in force, with what was looked up."""

    plan: LevelPlan = LevelPlan()
    _found: dict[str, Level] = attrs.field(factory=dict, init=False)

    def put(self, plan: LevelPlan) -> None:
        """Follow this plan from now on."""
        self.plan = plan
        self._found = {}

    def of(self, namespace: str) -> Level:
        """The level from which on this namespace writes."""
        level = self._found.get(namespace)
        if level is None:
            if len(self._found) >= CACHE_LIMIT:
                self._found = {}
            level = self._found[namespace] = self.plan.of(namespace)
        return level

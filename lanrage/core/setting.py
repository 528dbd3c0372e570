"""One setting: what it is called, what it may be, and who reads it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import attrs

from lanrage.core.settings_rules import Rule

NODE, CONTROL, RELAY, ALL, AGENT = "node", "control", "relay", "all", "agent"
ROLES = (CONTROL, RELAY, NODE, ALL, AGENT)
"""The roles of ``twistd lanrage``."""
SERVING = (CONTROL, RELAY, NODE, ALL)
"""Those that are measured and may alert."""
PLAYER = (NODE, ALL)
SERVER = (CONTROL, ALL)
FORWARDER = (RELAY, ALL)

ENVIRONMENT = "LANRAGE_"
"""What the environment's name of a setting begins with."""
HIDDEN = "********"
"""What is shown in the place of a secret."""


class Origin(Enum):
    """Where a value comes from; the first that has one counts."""

    COMMAND_LINE = "command line"
    ENVIRONMENT = "environment"
    STORED = "stored"
    DEFAULT = "default"


@attrs.frozen
class Setting:
    """A row of the schema.

    :param name: dotted; lower case, with underscores.
    :param option: of ``twistd lanrage``, without its hyphens.
    :param rule: what it may be.
    :param default: as text.
    :param help: one sentence.
    :param roles: that read it.
    :param live: a change takes effect at once in a running process; else at the next start.
    :param secret: it is neither shown nor exported.
    :param elsewhere: the default in roles where it is another.
    """

    name: str
    option: str
    rule: Rule
    default: str
    help: str
    roles: tuple[str, ...]
    live: bool = False
    secret: bool = False
    elsewhere: Mapping[str, str] = {}

    @property
    def environment(self) -> str:
        """The name of the environment variable that sets it."""
        return ENVIRONMENT + self.name.upper().replace(".", "_")

    def default_in(self, role: str) -> str:
        """The default in a role."""
        return self.elsewhere.get(role, self.default)

    def shown(self, text: str) -> str:
        """The text as a user may see it."""
        return HIDDEN if self.secret and text else text

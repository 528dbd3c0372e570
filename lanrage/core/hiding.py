"""Takes out of a text what a stranger should not read, so that a doctor's report can be pasted anywhere."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

import attrs

from lanrage.core.spoken import SpokenCode
from lanrage.errors import BadInput

_LINK = re.compile(r"lanrage://[^\s#]*#LR1-[A-Za-z0-9_-]*", re.IGNORECASE)
_CODE = re.compile(r"LR1-[A-Za-z0-9_-]*")
_SPOKEN = re.compile(r"(?<![0-9A-Za-z-])[0-9A-Za-z]{4}([- ])[0-9A-Za-z]{4}\1[0-9A-Za-z]{4}(?![0-9A-Za-z-])")
"""A spoken code with its dashes, mistyped too; with blanks, which words have as well, its checksum decides."""
_KEY = re.compile(r"(?<![0-9a-fA-F])[0-9a-fA-F]{64}(?![0-9a-fA-F])|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=")
"""32 bytes, as hexadecimal digits or as base64."""
_QUAD = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
_ADDRESS = re.compile(
    rf"(?<![0-9.]){_QUAD}(?![0-9.]*[0-9])"
    r"|(?:(?<![0-9A-Za-z:.])|(?<=[G-Zg-z]:))(?=[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:)"
    rf"[0-9a-fA-F:]{{2,40}}(?:{_QUAD})?(?![0-9A-Za-z])"
)
"""What looks like an IPv4 or IPv6 address; :mod:`ipaddress` decides whether it is one. IPv4 first: with a port and
the sentence's colon, ``192.0.2.1:80:``, it begins as IPv6 may. A word that ends with no digit of IPv6 and its colon
may stand before it."""
_HOME = re.compile(r"""(?:/[\w.-]+){0,3}/home/[^/\s"'`:;,()<>\[\]{}]+|(?<![\w.-])/root(?![\w.-])""")
"""A user's folder at the usual places."""
HOME = "~"
"""What stands for one."""
NEVER = "(?!)"
"""A pattern that nothing has."""
OWN_WORDS = frozenset({"lanrage", "localhost"})
"""Names that tell nothing, as those of one letter do, and are words of ours that must stay."""


@attrs.frozen
class MachineNames:
    """What this machine and its people are called.

    :param hosts: the machine's names.
    :param users: login names.
    :param homes: their folders, without a slash at the end.
    """

    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()


NO_NAMES = MachineNames()


@attrs.define
class Hider:
    """Replaces each address by a name that stays the same within one report (``private-1``, ``public-2``, ``host-1``),
    login names likewise (``user-1``), and home folders by ``~``.

    :param hosts: host names to hide as well.
    :param addresses: False shows all these; keys and codes are hidden always.
    :param names: of the machine that the report is about.
    """

    hosts: tuple[str, ...] = ()
    addresses: bool = True
    names: MachineNames = NO_NAMES
    _names: dict[str, str] = attrs.field(init=False, factory=dict)
    _homes: re.Pattern[str] = attrs.field(init=False)
    _hosts: re.Pattern[str] = attrs.field(init=False)
    _users: re.Pattern[str] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._homes = re.compile(rf"(?<![\w.-])(?:{_any_of(self.names.homes)})(?![\w.-])")
        self._hosts = _whole((*self.hosts, *self.names.hosts), re.IGNORECASE)
        self._users = _whole(self.names.users)

    def text(self, text: str) -> str:
        """One text without secrets."""
        text = _CODE.sub("[code]", _LINK.sub("[link]", text))
        text = _KEY.sub("[key]", _SPOKEN.sub(_without_spoken, text))
        if not self.addresses:
            return text
        text = _HOME.sub(HOME, self._homes.sub(HOME, text))
        text = self._hosts.sub(lambda found: self._name("host", found[0].lower()), text)
        text = self._users.sub(lambda found: self._name("user", f"{found[0]}@"), text)
        return _ADDRESS.sub(lambda found: self._address(found[0]), text)

    def value(self, value: Any) -> Any:
        """Any plain value (as JSON has them), with every text in it, keys of objects included, without secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return value

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        """Keys that are one without their secrets are numbered: no row is lost."""
        hidden: dict[str, Any] = {}
        for key, inner in value.items():
            told = wanted = self.text(key)
            for number in itertools.count(2):
                if told not in hidden:
                    break
                told = f"{wanted} {number}"
            hidden[told] = self.value(inner)
        return hidden

    def _address(self, text: str) -> str:
        try:
            address = ip_address(text)
        except ValueError:
            # A colon of the sentence may follow the address.
            return self._address(text[:-1]) + ":" if text.endswith(":") else text
        if address.is_loopback or address.is_unspecified:
            return text
        return self._name("public" if address.is_global else "private", address.compressed)

    def _name(self, kind: str, what: str) -> str:
        count = sum(name.startswith(kind) for name in self._names.values())
        return self._names.setdefault(what, f"{kind}-{count + 1}")


def _whole(names: Iterable[str], flags: int = 0) -> re.Pattern[str]:
    """Any of these names, but not as a part of another word: a host may be called ``lan``."""
    return re.compile(rf"(?<![\w-])(?:{_any_of(names)})(?![\w-])", flags)


def _any_of(names: Iterable[str]) -> str:
    """The longest first, so that a name within another one does not tear it apart; those that tell nothing stay."""
    chosen = {name for name in names if len(name) > 1 and name not in OWN_WORDS}
    return "|".join(re.escape(name) for name in sorted(chosen, key=lambda name: (-len(name), name))) or NEVER


def _without_spoken(found: re.Match[str]) -> str:
    try:
        SpokenCode.decode(found[0])
    except BadInput:
        return found[0] if found[1] == " " else "[code]"
    return "[code]"


def host_names(addresses: Iterable[str]) -> tuple[str, ...]:
    """The host names among ``HOST:PORT`` texts; IP addresses are found without."""
    hosts = {address.rpartition(":")[0] or address for address in addresses}
    return tuple(
        sorted((host for host in hosts if host and not _is_ip(host.strip("[]"))), key=lambda host: (-len(host), host))
    )


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True

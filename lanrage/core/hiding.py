"""Takes out of a text what a stranger should not read, so that a doctor's report can be pasted anywhere."""

from __future__ import annotations

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
    rf"|(?<![0-9A-Za-z:.])(?=[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:)[0-9a-fA-F:]{{2,40}}(?:{_QUAD})?(?![0-9A-Za-z])"
)
"""What looks like an IPv4 or IPv6 address; :mod:`ipaddress` decides whether it is one. IPv4 first: with a port and
the sentence's colon, ``192.0.2.1:80:``, it begins as IPv6 may."""


@attrs.define
class Hider:
    """Replaces each address by a name that stays the same within one report (``private-1``, ``public-2``, ``host-1``).

    :param hosts: host names to hide as well.
    :param addresses: False shows addresses and host names; keys and codes are hidden always.
    """

    hosts: tuple[str, ...] = ()
    addresses: bool = True
    _names: dict[str, str] = attrs.field(init=False, factory=dict)

    def text(self, text: str) -> str:
        """One text without secrets."""
        text = _CODE.sub("[code]", _LINK.sub("[link]", text))
        text = _KEY.sub("[key]", _SPOKEN.sub(_without_spoken, text))
        if not self.addresses:
            return text
        for host in self.hosts:
            text = _whole(host).sub(self._name("host", host.lower()), text)
        return _ADDRESS.sub(lambda found: self._address(found[0]), text)

    def value(self, value: Any) -> Any:
        """Any plain value (as JSON has them), with every text in it, keys of objects included, without secrets."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(inner) for inner in value]
        return value

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


def _whole(host: str) -> re.Pattern[str]:
    """A host name in either case, and not as a part of another word: a host may be called ``lan``."""
    return re.compile(rf"(?<![\w-]){re.escape(host)}(?![\w-])", re.IGNORECASE)


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

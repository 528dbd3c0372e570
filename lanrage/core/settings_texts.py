"""Reads the text of a setting that is more than a word or a number. Pure; each names the field and the rule."""

from __future__ import annotations

import re
from ipaddress import ip_address

from lanrage.core.code import check_address
from lanrage.core.lan_services import LanService
from lanrage.core.links import check_device_name
from lanrage.core.play_ports import Span, merged, parse_spans
from lanrage.core.relay_choice import Weights
from lanrage.core.settings_limits import CONTROL_PORT, RELAY_PORTS_LIMIT, WEIGHT_LIMIT
from lanrage.errors import BadInput

REGION = re.compile(r"[A-Za-z0-9._-]{0,32}")
KEY_DIGITS = re.compile(r"[0-9a-fA-F]{64}")


def parse_port(text: str, field: str, *, zero: bool = False) -> int:
    """A port number.

    :raises BadInput: names `field`.
    """
    low = 0 if zero else 1
    if not text.isascii() or not text.isdigit() or len(text) > 5 or not low <= int(text) <= 65535:
        raise BadInput(field, f"{text!r} is not a port from {low} to 65535")
    return int(text)


def parse_ports(text: str, field: str) -> tuple[int, int]:
    """``FIRST-LAST``, or one port.

    :raises BadInput: names `field`.
    """
    first_text, _, last_text = text.partition("-")
    first = parse_port(first_text, field)
    last = parse_port(last_text or first_text, field)
    if not first <= last < first + RELAY_PORTS_LIMIT:
        raise BadInput(field, f"{text!r} is not FIRST-LAST with 1 to {RELAY_PORTS_LIMIT} ports")
    return first, last


def parse_number(text: str, field: str, least: float, most: float) -> float:
    """A number between bounds.

    :raises BadInput: names `field`.
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise BadInput(field, f"{text!r} is not a number from {least:g} to {most:g}")
    return number


def parse_region(text: str, field: str) -> str:
    """A word for where a relay stands.

    :raises BadInput: names `field`.
    """
    if not REGION.fullmatch(text):
        raise BadInput(field, f"{text!r} is not at most 32 letters, digits, dots, underscores and hyphens")
    return text


def parse_weights(text: str, field: str) -> Weights:
    """``NAME=NUMBER`` with commas between, of :class:`lanrage.core.relay_choice.Weights`; those not named stay.

    :raises BadInput: names `field`.
    """
    found: dict[str, float] = {}
    known = Weights.names()
    for part in text.split(",") if text else ():
        name, _, number = part.partition("=")
        if name not in known:
            raise BadInput(field, f"{name!r} is none of {', '.join(known)}")
        found[name] = parse_number(number, field, 0.0, WEIGHT_LIMIT)
    return Weights(**found)


def parse_play_ports(text: str, field: str) -> tuple[Span, ...]:
    """``4445,27960-27963/udp``, in as few spans as can be.

    :raises BadInput: names `field`.
    """
    return merged(parse_spans(text, field))


def parse_services(text: str, field: str) -> frozenset[LanService]:
    """A comma-separated list of discovery services, which may be empty.

    :raises BadInput: names `field`.
    """
    words = [word.strip() for word in text.split(",")] if text.strip() else []
    try:
        return frozenset(LanService(word) for word in words)
    except ValueError as error:
        raise BadInput(field, f"{text!r} is none of {', '.join(each.value for each in LanService)}") from error


def parse_folder(text: str, field: str) -> str:
    """A folder's absolute path, or an empty text.

    :raises BadInput: names `field`.
    """
    if text and not text.startswith("/"):
        raise BadInput(field, f"{text!r} does not begin with /")
    return text


def parse_device(text: str, field: str) -> str:
    """A network device's name.

    :raises BadInput: names `field`.
    """
    return check_device_name(text, field)


def parse_server(text: str, field: str) -> str:
    """``HOST:PORT``, or nothing.

    :raises BadInput: names `field`.
    """
    return check_address(text, field) if text else ""


def parse_public(text: str, field: str) -> str:
    """``HOST[:PORT]`` of a control server, or nothing; the usual port where none is named.

    :raises BadInput: names `field`.
    """
    if not text:
        return ""
    return check_address(text if ":" in text else f"{text}:{CONTROL_PORT}", field)


def parse_host(text: str, field: str) -> str:
    """A name or address without a port, or nothing.

    :raises BadInput: names `field`.
    """
    if text:
        check_address(f"{text}:1", field)
    return text


def parse_own_host(text: str, field: str) -> str:
    """An address of this machine to listen on, or nothing.

    :raises BadInput: names `field`.
    """
    if text and not is_address(text):
        raise BadInput(field, f"{text!r} is no address of this machine")
    return text


def is_address(text: str) -> bool:
    """Whether this is an IPv4 or IPv6 address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def parse_relay_ports(text: str, field: str) -> tuple[str, int, int]:
    """``HOST:FIRST-LAST`` of a relay; an empty host is that of the control server.

    :returns: host without brackets, first and last port.
    :raises BadInput: names `field`.
    """
    host, colon, ports = text.rpartition(":")
    if not colon:
        raise BadInput(field, f"{text!r} is not HOST:FIRST-LAST")
    first, last = parse_ports(ports, field)
    if host:
        check_address(f"{host}:{first}", field)
    return host.strip("[]"), first, last


def parse_relays(text: str, field: str) -> list[tuple[str, int, int]]:
    """Relays with commas between.

    :raises BadInput: names `field`.
    """
    return [parse_relay_ports(each, field) for each in text.split(",") if each]


def check_keys(text: str, field: str) -> str:
    """Public keys with commas between, each 64 hexadecimal digits or ``@FILE``; no file is read.

    :raises BadInput: names `field`.
    """
    for each in text.split(","):
        if each and not each.startswith("@") and not KEY_DIGITS.fullmatch(each):
            raise BadInput(field, "a public key is 64 hexadecimal digits, or @FILE with them")
    return text


def check_endpoint(text: str, field: str) -> str:
    """A Twisted endpoint string, as far as its kind tells; opening it says the rest.

    :raises BadInput: names `field`.
    """
    kind, colon, _ = text.partition(":")
    if not colon or not kind.isascii() or not kind.replace("-", "").isalnum():
        raise BadInput(field, f"{text!r} is no endpoint string such as tcp:{CONTROL_PORT}")
    return text


def any_text(text: str, field: str) -> str:
    """A path, or a list that its reader checks.

    :raises BadInput: names `field`.
    """
    del field
    return text

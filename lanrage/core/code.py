"""The invitation code that friends paste to each other.

``LR1-`` and URL-safe base64 of: version (1 byte), secret (16), party id (16), fingerprint of the control server's key
(16), number of addresses (1), then each address (1 byte length, ``host:port`` in ASCII), and 4 bytes of SHA-256 over
all of it, so that a typo is told from an unknown invitation. Whoever has the code can join: it is a secret.

The same as a link: ``lanrage://HOST:PORT/join#LR1-...``, the first of its addresses for people to see. What stands
behind the ``#`` is never part of a request (RFC 3986, section 3.5), so it stays secret where a link is opened.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable

import attrs

from lanrage.core.certificates import SECRET_BYTES, invite_key
from lanrage.core.identity import FINGERPRINT_BYTES, fingerprint
from lanrage.errors import BadInput

PREFIX = "LR1-"
LINK_START, LINK_PATH = "lanrage://", "/join#"
VERSION = 1
CHECKSUM_BYTES = 4
ADDRESS_LIMIT = 4
"""A server on two families and two networks; more would make the code unwieldy."""
CODE_LIMIT = 1024
"""Characters; the longest valid code is below."""
_ADDRESS = re.compile(r"^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?):([0-9]{1,5})\Z")


def check_address(text: str, field: str) -> str:
    """Accept ``host:port`` or ``[v6]:port`` of a control server.

    :raises BadInput: names `field` and the rule.
    """
    match = _ADDRESS.match(text)
    if match is None or not 1 <= int(match.group(1)) <= 65535:
        raise BadInput(field, f"{text!r} is not HOST:PORT with a port from 1 to 65535")
    return text


def code_addresses(told: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    """The addresses for a new code: what the control server says of itself, then what this node uses.

    :param told: a server's word: what is no address is left out.
    :param own: addresses that have been checked.
    """
    fit = [address for address in told if _is_address(address)]
    return tuple(dict.fromkeys((*fit, *own)))[:ADDRESS_LIMIT]


def _is_address(text: str) -> bool:
    try:
        check_address(text, "address")
    except BadInput:
        return False
    return True


@attrs.frozen(repr=False)
class InvitationCode:
    """What the code carries.

    :param secret: 16 bytes, from which the invite key is derived.
    :param party_id: 32 hexadecimal digits.
    :param server: fingerprint of the control server's key, 16 bytes.
    :param addresses: ``host:port`` of the control server, tried in order.
    """

    secret: bytes
    party_id: str
    server: bytes
    addresses: tuple[str, ...]

    @property
    def invitation_id(self) -> str:
        """The invitation's id, which shows nothing of its secret."""
        return fingerprint(invite_key(self.secret, self.party_id).public).hex()

    def encode(self) -> str:
        """The text to paste."""
        body = (
            bytes([VERSION]) + self.secret + bytes.fromhex(self.party_id) + self.server + bytes([len(self.addresses)])
        )
        for address in self.addresses:
            raw = address.encode("ascii")
            body += bytes([len(raw)]) + raw
        body += hashlib.sha256(body).digest()[:CHECKSUM_BYTES]
        return PREFIX + base64.urlsafe_b64encode(body).rstrip(b"=").decode("ascii")

    def link(self) -> str:
        """The link to paste."""
        return f"{LINK_START}{self.addresses[0]}{LINK_PATH}{self.encode()}"

    @classmethod
    def decode(cls, text: str) -> InvitationCode:
        """Read a pasted code or link; white space within it is ignored.

        :raises BadInput: field ``code``: what is wrong with it.
        """
        text = "".join(text.split())
        if text[: len(LINK_START)].lower() != LINK_START:
            return cls._code(text)
        shown, found, secret = text[len(LINK_START) :].partition(LINK_PATH)
        if not found:
            raise BadInput("code", f"a link has {LINK_PATH}{PREFIX}... behind its server: please paste it in full")
        code = cls._code(secret)
        if shown.lower() not in {address.lower() for address in code.addresses}:
            raise BadInput("code", "the link shows another server than its code holds: ask for it again")
        return code

    @classmethod
    def _code(cls, text: str) -> InvitationCode:
        if not text.startswith(PREFIX):
            raise BadInput("code", f"an invitation code starts with {PREFIX}")
        if len(text) > CODE_LIMIT or not text.isascii():
            raise BadInput("code", "too long, or not plain text")
        raw = text[len(PREFIX) :]
        try:
            body = base64.b64decode(raw + "=" * (-len(raw) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise BadInput("code", "damaged: please paste it again in full") from error
        if base64.urlsafe_b64encode(body).rstrip(b"=") != raw.encode("ascii"):
            # The last character has bits that mean nothing; each code has one spelling all the same.
            raise BadInput("code", "damaged: please paste it again in full")
        body, checksum = body[:-CHECKSUM_BYTES], body[-CHECKSUM_BYTES:]
        if hashlib.sha256(body).digest()[:CHECKSUM_BYTES] != checksum:
            raise BadInput("code", "its checksum does not hold: please paste it again in full")
        return cls._fields(body)

    @classmethod
    def _fields(cls, body: bytes) -> InvitationCode:
        if body[:1] != bytes([VERSION]):
            raise BadInput("code", "of another version of LANrage")
        at = 1 + SECRET_BYTES
        secret, body = body[1:at], body[at:]
        party_id, server, rest = body[:16], body[16 : 16 + FINGERPRINT_BYTES], body[16 + FINGERPRINT_BYTES :]
        addresses = []
        count, rest = (rest[0], rest[1:]) if rest else (0, b"")
        for _ in range(count):
            size = rest[0] if rest else 0
            addresses.append(rest[1 : 1 + size].decode("ascii", "replace"))
            rest = rest[1 + size :]
        if rest or not 1 <= count <= ADDRESS_LIMIT or len(server) != FINGERPRINT_BYTES:
            raise BadInput("code", "incomplete: please paste it again in full")
        return cls(secret, party_id.hex(), server, tuple(check_address(a, "code") for a in addresses))

    def __repr__(self) -> str:
        return f"InvitationCode(party_id={self.party_id!r}, addresses={self.addresses!r})"

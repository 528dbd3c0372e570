"""Secrets in text: the second line of defence of the logs (``docs/logging.rst``).

The first one is that no log call is given a secret. What slips through is known by its form (an invitation code, a
spoken code, 32 bytes as hexadecimal digits or base64), by the name of its field, or because it was told to
:class:`Redactor`. A public key has the form of a private one, so that it is shown only under a name that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import attrs

from lanrage.core.spoken import ALPHABET

REDACTED = "[redacted]"

SECRET_FIELDS = frozenset(
    "authorization cookie invitation_code passphrase password private private_key psk secret seed token".split()
)
"""Fields of which nothing is shown, whatever form their value has."""

PUBLIC_FIELDS = frozenset("identity joiner peer_id public public_key relay_key server_key".split())
"""Fields that hold a public key; their value is shown, in the sentence, too."""

SHORTEST = 12
"""Characters; nothing that is shorter has the form of a secret (a spoken code has 12 symbols and two dashes)."""

KNOWN_LIMIT = 64
"""Secrets told beforehand; a process holds a handful."""

KNOWN_SHORTEST = 8
"""Characters of a secret told beforehand; a shorter one would black out ordinary words."""

_SYMBOL = f"[{ALPHABET}{ALPHABET.lower()}]"
_DASH = "[-_.\u2010-\u2015\u2212]"
_SPOKEN = rf"{_SYMBOL}{{4}}{_DASH}{_SYMBOL}{{4}}{_DASH}{_SYMBOL}{{4}}"
_NO_WORDS = r"(?=\S{0,13}[0-9]|[^a-z]{14})"  # data-base-test is no code; nearly all codes have a digit
_ALIKE = r"(?=[\w+/-]*[0-9])(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])"
_FORMS = re.compile(
    "|".join(
        (
            r"(?:LR1-|lr1-)[\w-]{6,}",  # an invitation code
            rf"(?<![\w-]){_NO_WORDS}{_SPOKEN}(?![\w-])",  # a spoken code
            r"[0-9a-fA-F]{64,}",  # 32 bytes or more
            # As Python shows them, whole or cut at the text's end:
            r"(?<!\w)b(?P<quote>['\"])(?:\\[^x]|\\x[0-9a-f]{2}|(?!(?P=quote))[^\\]){32,}(?:(?P=quote)|\\?.?.?.?\Z)",
            r"(?<![\w+/])[A-Za-z0-9+/]{43}=",  # 32 bytes in base64
            rf"(?<![\w+/-]){_ALIKE}(?:[A-Za-z0-9_-]{{43}}|[A-Za-z0-9+/]{{43}})(?![\w+/-])",  # the same without its end
            r"(?i:(?<=bearer )|(?<=token=)|(?<=token: )|(?<=secret=)|(?<=password=))[^\s\"',;&]+",
        )
    )
)
"""What has the form of a secret, or follows a word that calls it one."""


@attrs.define
class Redactor:
    """Blacks secrets out of text.

    :param known: secrets that have no form of their own, such as an operator's token; the newest are kept.
    """

    _known: dict[str, None] = attrs.field(factory=dict, init=False)

    def keep_secret(self, secret: str) -> None:
        """Never show this text again; one of less than :data:`KNOWN_SHORTEST` characters is passed over."""
        if len(secret) < KNOWN_SHORTEST:
            return
        self._known.pop(secret, None)
        self._known[secret] = None
        while len(self._known) > KNOWN_LIMIT:
            del self._known[next(iter(self._known))]

    def text(self, text: str, public: Iterable[str] = ()) -> str:
        """The text without secrets.

        :param public: texts of the form of a key that are known to be public.
        """
        for secret in self._known:
            if secret in text:
                text = text.replace(secret, REDACTED)
        if len(text) < SHORTEST or _FORMS.search(text) is None:
            return text
        shown = frozenset(public)
        return _FORMS.sub(lambda found: found[0] if found[0] in shown else REDACTED, text)

"""What a control server was asked, and what it told, by kind; the kinds are those of the messages, a closed set."""

from __future__ import annotations

from collections import Counter

import attrs


@attrs.define
class DeskCounters:
    """Since the start.

    :ivar requests: by the name of their type.
    :ivar refusals: answers that refuse, by their code.
    :ivar notices: sent, by the name of their type.
    """

    requests: Counter[str] = attrs.field(factory=Counter)
    refusals: Counter[str] = attrs.field(factory=Counter)
    notices: Counter[str] = attrs.field(factory=Counter)

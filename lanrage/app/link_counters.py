"""What the links of a party refused."""

from __future__ import annotations

import attrs


@attrs.define
class LinkCounters:
    """What the probe port and the signals' ways brought and was refused, by reason."""

    probes_malformed: int = 0
    probes_unknown: int = 0
    probes_forged: int = 0
    probes_over_budget: int = 0
    probes_inside: int = 0
    probes_too_many: int = 0
    probes_repeated: int = 0
    signals_refused: int = 0
    signals_over_budget: int = 0
    signals_repeated: int = 0

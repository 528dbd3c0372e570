"""What a party reaches of this machine, for its user and for the doctor (``docs/guard.rst``). Blocks; in a thread."""

from __future__ import annotations

from twisted.logger import Logger

from lanrage.app.guarding import Guarding
from lanrage.core.foreign_firewall import ForeignFirewall, Newcomer
from lanrage.core.listening import ExposureFacts, Stance, services
from lanrage.core.play_ports import Proto
from lanrage.errors import LanrageError
from lanrage.net.listeners import listening_sockets
from lanrage.net.nft import JSON, Nft
from lanrage.wire.guard_ruleset import table_name

log = Logger()


def exposure_facts(guarding: Guarding, tunnel: str) -> ExposureFacts:
    """Look at this machine's sockets, and at what other firewalls do with the party's packets.

    :param tunnel: the device by which unicast of members comes.
    """
    others = ForeignFirewall(_listing(), table_name(tunnel))

    def stance(proto: Proto, port: int) -> Stance:
        return others.stance(Newcomer(tunnel, proto, port))

    counted = guarding.counters()
    rows = services(guarding.rules, listening_sockets(), stance)
    return ExposureFacts(
        guarding.exposure.value,
        rows,
        counted["guard_refused"],
        counted["guard_restored"],
        guarding.trouble,
        others.understood,
    )


def _listing() -> str:
    """All tables as JSON; empty where they cannot be read."""
    try:
        nft = Nft(JSON, "looking at other firewalls")
    except LanrageError:
        return ""
    try:
        return nft.run("list ruleset\n")
    except LanrageError as error:
        log.warn("other firewalls' rules cannot be read: {error}", error=str(error))
        return ""
    finally:
        nft.close()

"""Which cards pass packets on: a relay lets them forward IPv4 and takes that back. Calls block, for microseconds."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from pyroute2 import IPRoute

from lanrage.core.links import OWNER_MARK
from lanrage.core.undo import UndoEntry
from lanrage.errors import MissingRight
from lanrage.interfaces import IUndoJournal
from lanrage.net.devices import refusals_named
from lanrage.net.sysctl import ROOT, set_device

KIND = "forwarding"
"""In the undo journal."""
IFF_LOOPBACK = 0x8
"""<linux/if.h>"""


def cards() -> dict[str, int]:
    """Name and index of the cards with an IPv4 address, loopback and LANrage's own devices left out."""
    with refusals_named("listing the cards"), IPRoute() as route:
        links = {link["index"]: link for link in route.get_links()}
        addressed = {entry["index"] for entry in route.get_addr(family=socket.AF_INET)}
    return {
        link.get_attr("IFLA_IFNAME"): index
        for index, link in links.items()
        if index in addressed and not link["flags"] & IFF_LOOPBACK and link.get_attr("IFLA_IFALIAS") != OWNER_MARK
    }


def let_forward(card: str, journal: IUndoJournal) -> bool:
    """Make a card forward IPv4, and remember what it did before.

    :return: whether it is so for our sake; false where somebody else made it so.
    :raises MissingRight: when it may not be set.
    """
    entry = UndoEntry(KIND, card, "0")
    if _is_router():
        journal.forget(entry)  # somebody made the machine a router meanwhile: the card is his
    try:
        if _path(card).read_text(encoding="ascii").strip() != "1":
            journal.note(entry)
            set_device("ipv4", card, "forwarding", "1")
    except FileNotFoundError:  # the card was there a moment ago
        journal.forget(entry)
    return entry in journal.entries()


def restore_forwarding(entry: UndoEntry) -> None:
    """Take an entry of the journal back; a card that is gone needs nothing.

    Nor does a machine that was made a router meanwhile (Docker, a VPN): its cards forward for others' sake, too.
    """
    if "/" in entry.name or entry.old not in ("0", "1") or _is_router():
        return
    with contextlib.suppress(FileNotFoundError):
        set_device("ipv4", entry.name, "forwarding", entry.old)


def restore_all(journal: IUndoJournal) -> None:
    """Take back what :func:`let_forward` did."""
    for entry in journal.entries():
        if entry.kind == KIND:
            with contextlib.suppress(MissingRight):  # stays in the journal, for a start with more rights
                restore_forwarding(entry)
                journal.forget(entry)


def _is_router() -> bool:
    """Whether the whole machine forwards (``net.ipv4.ip_forward``)."""
    return _path("all").read_text(encoding="ascii").strip() == "1"


def _path(card: str) -> Path:
    return ROOT / "ipv4" / "conf" / card / "forwarding"

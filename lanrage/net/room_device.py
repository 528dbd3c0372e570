"""The two ends of a room's card by rtnetlink: one in the room, one on this machine. All calls block.

The end in the room comes up when the program in there brings it up (:mod:`lanrage.net.room_inside`): this process need
not, and may not, enter it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct

from pyroute2 import IPRoute

from lanrage.core.lan_frames import derived_mac
from lanrage.core.links import OWNER_MARK
from lanrage.core.room import INSIDE, OUTER_MAC, TRANSIT, RoomPlan
from lanrage.core.undo import UndoEntry
from lanrage.errors import BadInput
from lanrage.interfaces import IUndoJournal
from lanrage.net.devices import refusals_named, remove_device, remove_leftover
from lanrage.net.sysctl import set_device

NS_GET_USERNS, NS_GET_NSTYPE, NS_GET_OWNER_UID = 0xB701, 0xB703, 0xB704
"""<linux/nsfs.h>, ioctl_ns(2)."""
CLONE_NEWNET = 0x40000000
"""<linux/sched.h>"""


def check_owner(namespace: int, uid: int) -> None:
    """Refuse a namespace that is not the caller's own: nobody gets a card into another's machine.

    :param namespace: a descriptor.
    :param uid: the caller.
    :raises BadInput: field ``namespace``.
    """
    try:
        kind = fcntl.ioctl(namespace, NS_GET_NSTYPE)
    except OSError as error:
        raise BadInput("namespace", "the descriptor is no namespace's") from error
    if kind != CLONE_NEWNET:
        raise BadInput("namespace", "the descriptor is no network namespace's")
    if os.fstat(namespace).st_ino == os.stat("/proc/self/ns/net").st_ino:
        raise BadInput("namespace", "it is the node's own network")
    if _owner(namespace) != uid:
        raise BadInput("namespace", "it belongs to another user")


def _owner(namespace: int) -> int:
    try:
        users = fcntl.ioctl(namespace, NS_GET_USERNS)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
        raise BadInput("namespace", "it belongs to nobody that this node can see") from error
    try:
        space = bytearray(struct.calcsize("I"))
        fcntl.ioctl(users, NS_GET_OWNER_UID, space)
    finally:
        os.close(users)
    return int(struct.unpack("I", space)[0])


def plug(plan: RoomPlan, device: str, namespace: int, journal: IUndoJournal) -> int:
    """Make the card; the end in the room has its MAC, and no address yet.

    :param namespace: a descriptor of the room's.
    :return: the index of the end on this machine.
    :raises BadInput: when a device of this name is somebody else's, or the room has a card already.
    :raises MissingRight: without CAP_NET_ADMIN.
    """
    entry = UndoEntry("device", device)
    with refusals_named("plugging the room's card"), IPRoute() as route:
        remove_leftover(route, device, "card")
        journal.note(entry)
        inside = {"ifname": INSIDE, "net_ns_fd": namespace, "address": _text(derived_mac(plan.address.ip))}
        route.link("add", ifname=device, kind="veth", mtu=plan.mtu, peer={**inside, "mtu": plan.mtu})
        index = socket.if_nametoindex(device)
        set_device("ipv6", device, "disable_ipv6", "1")
        route.link("set", index=index, address=_text(OUTER_MAC), ifalias=OWNER_MARK, state="up")
        mac = _text(derived_mac(plan.address.ip))
        for address in (TRANSIT, plan.address.ip):
            route.neigh("replace", dst=str(address), lladdr=mac, ifindex=index, state="permanent")
        route.route("add", dst=f"{TRANSIT}/32", oif=index, scope="link")
        if plan.internet:
            set_device("ipv4", device, "forwarding", "1")
    return index


def unplug(device: str, journal: IUndoJournal) -> None:
    """Remove the card; one that is gone, as when its room ended, is no error."""
    remove_device(device, marked=False)
    journal.forget(UndoEntry("device", device))


def _text(mac: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in mac)

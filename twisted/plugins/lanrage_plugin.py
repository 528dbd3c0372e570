"""Names the maker of ``twistd lanrage``; imports nothing else, since every ``twistd`` here reads this file."""

from twisted.application.service import ServiceMaker

lanrage = ServiceMaker(
    "LANrage",
    "lanrage.app.service",
    "LAN games between friends: a party over WireGuard (roles: node, control, relay, all).",
    "lanrage",
)

"""LANrage: LAN games between friends who are not in one room."""

__version__ = "0.1.0"

"""Some games for tests and benches of detection: names and ports as the world has them, and what is hard about them."""

from __future__ import annotations

from collections.abc import Iterable

from lanrage.core.game_profile import Executable, Fact, GameProfile, Platform, PortRole, PortUse
from lanrage.core.play_ports import Proto, Span

L, W, J = Platform.LINUX, Platform.WINDOWS, Platform.JAVA


def use(proto: Proto, first: int, last: int = 0, role: PortRole = PortRole.GAME) -> PortUse:
    """A span of ports with its role."""
    return PortUse(Span(proto, first, last or first), role)


def game(
    name: str,
    programs: Iterable[tuple[Platform, str]] = (),
    ports: Iterable[PortUse] = (),
    *,
    steam: int = 0,
    titles: tuple[str, ...] = (),
) -> GameProfile:
    """A profile; its id is made of its name."""
    word = "-".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
    return GameProfile(
        word,
        name,
        "high",
        (Fact("made for tests", "tests/game_set.py"),),
        executables=tuple(Executable(platform, program) for platform, program in programs),
        steam_appids=(steam,) if steam else (),
        titles=titles,
        ports=tuple(ports),
    )


SOURCE = [use("udp", 27015), use("udp", 27020)]
"""What all games of one engine share."""

GAMES: tuple[GameProfile, ...] = (
    game("OpenTTD", [(L, "openttd"), (W, "openttd.exe")], [use("tcp", 3979), use("udp", 3979)], titles=("OpenTTD *",)),
    game("Teeworlds", [(L, "teeworlds"), (L, "teeworlds-server")], [use("udp", 8303)]),
    game("DDNet", [(L, "DDNet"), (L, "DDNet-Server")], [use("udp", 8304)]),
    game("Quake II", [(L, "quake2"), (W, "quake2.exe")], [use("udp", 27910)]),
    game("Quake III Arena", [(L, "ioquake3"), (L, "ioq3ded"), (W, "quake3.exe")], [use("udp", 27960)]),
    game("MegaGlest", [(L, "megaglest")], [use("tcp", 61357)]),
    game("Chocolate Doom", [(L, "chocolate-doom"), (L, "chocolate-server")], [use("udp", 2342)]),
    game("Don't Starve Together", [(L, "dontstarve_dedicated_server_nullrenderer")], [use("udp", 10999)], steam=322330),
    game("Minecraft", [(J, "net.minecraft.client.main.Main"), (J, "minecraft_server.jar")], [use("tcp", 25565)]),
    game("Age of Empires II DE", [(W, "AoE2DE_s.exe")], steam=813780),
    game("Among Us", [(W, "Among Us.exe")], [use("udp", 22023)], steam=945360),
    game("Dungeon", [(W, "game.exe")]),
    game("Bare", [(L, "server")], [use("udp", 40123)]),
    game("Half-Life 2: Deathmatch", [(L, "srcds_run"), (W, "hl2.exe")], SOURCE, steam=320),
    game("Team Fortress 2", [(L, "srcds_run"), (W, "hl2.exe")], [*SOURCE, use("tcp", 27999)], steam=440),
    game("Counter-Strike: Source", [(L, "srcds_run"), (W, "hl2.exe")], SOURCE, steam=240),
    game("Day of Defeat: Source", [(L, "srcds_run"), (W, "hl2.exe")], SOURCE, steam=300),
    game("Portly", [], [use("udp", 34567), use("udp", 34568), use("tcp", 34567, role=PortRole.QUERY)]),
    game("Widely", [], [use("udp", 41000, 41999)]),
    *(
        game(name, [(L, program)])
        for name, program in (
            *(("Armagetron Advanced", "armagetronad-dedicated"), ("BZFlag", "bzfs"), ("Freeciv", "freeciv-server")),
            *(("Warzone 2100", "warzone2100"), ("SuperTuxKart", "supertuxkart"), ("Hedgewars", "hedgewars")),
            *(
                ("Factorio", "factorio"),
                ("0 A.D.", "pyrogenesis"),
                ("Luanti", "minetestserver"),
                ("Xonotic", "xonotic-glx"),
            ),
            *(
                ("Widelands", "widelands"),
                ("Simutrans", "simutrans"),
                ("OpenRCT2", "openrct2"),
                ("OpenClonk", "openclonk"),
            ),
            *(
                ("Terraria", "TerrariaServer.bin.x86_64"),
                ("Valheim", "valheim_server.x86_64"),
                ("Rust", "RustDedicated"),
            ),
            *(("Battle for Wesnoth", "wesnoth"), ("NetPanzer", "netpanzer"), ("Blobby Volley 2", "blobby-server")),
            *(("Starbound", "starbound_server"), ("Unturned", "Unturned_Headless.x86_64"), ("Soldat", "soldatserver")),
        )
    ),
)
BY_ID = {profile.game: profile for profile in GAMES}

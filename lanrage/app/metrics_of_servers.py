"""What a node tells of game servers, as readings."""

from __future__ import annotations

from collections.abc import Iterator

from lanrage.app.server_browser import ServerBrowser
from lanrage.core.metric_reading import Reading
from lanrage.core.server_entry import Found


def servers(browser: ServerBrowser) -> Iterator[Reading]:
    """The list, what was heard, and what was asked."""
    listed = browser.all()
    for found in Found:
        yield Reading("lanrage_servers_known", (found.value,), float(sum(found in each.found for each in listed)))
    heard, asked = browser.ear.counters, browser.queries.counters
    yield Reading("lanrage_servers_pushed_out_total", (), float(browser.table.pushed_out))
    yield Reading("lanrage_server_queries_total", (), float(asked.asked))
    yield Reading("lanrage_server_queries_unanswered_total", (), float(asked.unanswered))
    yield Reading("lanrage_server_announcements_total", (), float(heard.read))
    yield Reading("lanrage_server_announcements_shed_total", (), float(heard.shed))
    for name, count in heard.broken.items():
        yield Reading("lanrage_server_parse_failures_total", (name,), float(count))

"""Talk with 1,000,000 comments, 3,000,000 tag uses and 150,000 subjects: p95 of each page, one request at a time.

Pages are asked for over HTTP, as a stranger, of a server with two processes; no page is in a cache. The reference is
the bar of 100 ms.
"""

from __future__ import annotations

import http.client
import random
import statistics
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from benchmarks.classify import _serve
from benchmarks.talk_rows import COMMON_WORD, POPULAR_TAG, RARE_TAG, RARE_WORD, SEED, generate

BAR_MS, TIMES, WARM = 100.0, 60, 8


def run() -> Iterator[dict[str, Any]]:
    """One figure a page: the 95th percentile in milliseconds, bodies included."""
    start = time.monotonic()
    generate()
    print(f"Talk's rows made in {time.monotonic() - start:.0f} s", flush=True)
    yield from pages()


def pages() -> Iterator[dict[str, Any]]:
    """The figures, of a database that is filled."""
    port, server = _serve()
    try:
        for name, addresses in _addresses().items():
            yield _figure(port, name, addresses)
    finally:
        server.terminate()
        server.wait()


def _addresses() -> dict[str, Iterator[str]]:
    chance = random.Random(SEED)
    return {
        "subject's discussion, the busiest ones": _some(_subjects(busiest=True), chance),
        "subject's discussion, any": _some(_subjects(busiest=False), chance),
        "front page with popular tags": _some(["/talk/"], chance),
        "popular tags, REST": _some(["/api/talk/tags/?limit=20"], chance),
        "tag page, most used": _some([f"/talk/tags/{POPULAR_TAG}/"], chance),
        "tag page, most used, by most people": _some([f"/talk/tags/{POPULAR_TAG}/?order=people&people=3"], chance),
        "tag page, rare": _some([f"/talk/tags/{RARE_TAG}/"], chance),
        "search, common word": _search(COMMON_WORD),
        "search, rare word": _search(RARE_WORD),
        "search, two common words and a tag": _search(f"{COMMON_WORD} keba #{POPULAR_TAG}"),
        "search, words of all frequencies": _words(chance),
        "recents": _some(["/talk/recent/"], chance),
        "recents, far down": _some(["/talk/recent/?before=300000"], chance),
        "recents, one tag": _some([f"/talk/recent/?tag={RARE_TAG}"], chance),
    }


def _subjects(*, busiest: bool) -> list[str]:
    from talk.models import Discussion

    rows = Discussion.objects.filter(is_note=True, comments_count__gt=0)
    rows = rows.order_by("-comments_count") if busiest else rows.order_by("created_at", "title")
    return [f"/talk/subjects/{pk}/" for pk in rows.values_list("subject_id", flat=True)[:200]]


def _some(addresses: list[str], chance: random.Random) -> Iterator[str]:
    while True:
        yield chance.choice(addresses)


def _search(words: str) -> Iterator[str]:
    while True:
        yield f"/talk/search/?q={quote(words)}"


def _words(chance: random.Random) -> Iterator[str]:
    """Made-up words, from the commonest to the rarest, evenly by the logarithm of their rank."""
    from benchmarks.talk_rows import WORDS, words_made

    words = words_made()
    while True:
        yield f"/talk/search/?q={words[int(WORDS ** chance.random()) - 1]}"


def _figure(port: int, name: str, addresses: Iterator[str]) -> dict[str, Any]:
    times = [_ask_ms(port, next(addresses)) for _ in range(WARM + TIMES)][WARM:]
    p95 = statistics.quantiles(times, n=20)[-1]
    return {"name": f"talk: {name}, p95", "value": p95, "unit": "ms", "ratio": p95 / BAR_MS,
            "reference": f"the bar, {BAR_MS:.0f} ms (median {statistics.median(times):.0f} ms)"}  # fmt: skip


def _ask_ms(port: int, address: str) -> float:
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", address)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{address}: {answer.status}")
    return 1000 * (time.perf_counter() - start)

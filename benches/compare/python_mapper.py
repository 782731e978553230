"""The seven tables by the seed's mapper and reducer, rewritten with orjson: one process and dictionaries."""

import csv
import gc
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from peers import BARE, HOST, NOT_LINK, ORIGIN, START, TABLES, arguments

START_OF_TAG, NOT_A_LINK, LINK, BARE_LINK, HOST_OF = map(re.compile, (START, NOT_LINK, ORIGIN, BARE, HOST))
T = TypeVar("T")


class Mapped(NamedTuple):
    """What the mapper emits for a post, and which observation of the post it was."""

    changed: datetime
    engagement: int
    created: datetime
    account: str
    month: str | None
    rate: float
    followers: int
    language: str
    media: bool
    emojis: set[str]
    tags: set[str]
    origins: list[str]


def instant(text: object) -> datetime | None:
    """Reads an instant, in UTC where it has no offset."""
    if not isinstance(text, str):
        return None
    try:
        parsed = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


@lru_cache(maxsize=100_000)
def month(text: str) -> str | None:
    """The month of an instant."""
    parsed = instant(text)
    return parsed.astimezone(UTC).strftime("%Y-%m") if parsed else None


def field(of: dict[str, Any], name: str, default: T) -> T:
    """A field, or the default where it is absent or of another type."""
    value = of.get(name)
    return value if isinstance(value, type(default)) else default


def count(of: dict[str, Any], name: str) -> int:
    """A count, which is 0 where it is absent or negative."""
    return max(field(of, name, 0), 0)


def identifier(of: dict[str, Any]) -> str:
    """An id, which may be a number, or nothing."""
    value = of.get("id")
    return str(value) if isinstance(value, (str, int)) else ""


def names(listed: list[Any], key: str) -> set[str]:
    """The distinct names in a list of objects or of plain strings."""
    items = (item.get(key) if isinstance(item, dict) else item for item in listed)
    return {item for item in items if item and isinstance(item, str)}


def origins(content: str) -> list[str]:
    """Scheme and authority of every link."""
    if "://" not in content:
        return []
    _, *rest = START_OF_TAG.split(content)
    if not rest:
        return BARE_LINK.findall(content)
    tags = (text.partition(">")[0] for text in rest)
    return [link[0] for tag in tags if not NOT_A_LINK.search(tag) and (link := LINK.search(tag))]


def mapped(post: dict[str, Any], created: datetime) -> Mapped:
    """The mapper: from one post, what the reducer sums."""
    account: dict[str, Any] = field(post, "account", {})
    reactions = count(post, "reblogs_count") + count(post, "favourites_count")
    followers = count(account, "followers_count")
    return Mapped(
        changed=instant(post.get("edited_at")) or created,
        engagement=reactions + count(post, "replies_count"),
        created=created,
        account=identifier(account),
        month=month(field(account, "created_at", "")),
        rate=reactions / followers if followers else 0.0,
        followers=followers,
        language=field(post, "language", "") or "und",
        media=bool(field(post, "media_attachments", [])),
        emojis=names(field(post, "emojis", []), "shortcode"),
        tags={tag.lower() for tag in names(field(post, "tags", []), "name")},
        origins=origins(field(post, "content", "")),
    )


def objects(file: Path) -> Iterator[dict[str, Any]]:
    """The objects in a file of JSON lines; orjson refuses lone surrogates, the standard library doesn't."""
    with file.open("rb") as lines:
        for line in lines:
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError:
                try:
                    value = json.loads(line)
                except ValueError:
                    continue
            if isinstance(value, dict):
                yield value


def latest(file: Path) -> Iterator[Mapped]:
    """The latest observation of each post that wasn't deleted."""
    posts: dict[tuple[date, str], Mapped] = {}
    deleted: set[str] = set()
    for post in objects(file):
        if "deleted" in post:
            deleted.add(str(post["deleted"]))
        elif (
            post.get("reblog") is None
            and post.get("visibility") in (None, "public")
            and (created := instant(post.get("created_at")))
            and (name := identifier(post))
        ):
            identity = (created.astimezone(UTC).date(), name)
            new, old = mapped(post, created), posts.get(identity)
            if old is None or new[:2] > old[:2]:
                posts[identity] = new
    return (post for (_, name), post in posts.items() if name not in deleted)


def reduced(posts: Iterable[Mapped]) -> dict[str, Iterable[tuple[Any, ...]]]:
    """The reducer: the rows of every table."""
    rates: defaultdict[str, list[float]] = defaultdict(list)
    newest: dict[str, tuple[datetime, int]] = {}
    members: set[tuple[str, str]] = set()
    counts: dict[str, Counter[str]] = {table: Counter() for table in TABLES if table != "user_table"}
    links: Counter[str] = Counter()
    for post in posts:
        if post.account:
            rates[post.account].append(post.rate)
            this = post.created, post.followers
            newest[post.account] = max(newest.get(post.account, this), this)
            if post.month:
                members.add((post.month, post.account))
        counts["language_table"][post.language] += 1
        counts["toot_with_media_table"]["toot_with_media"] += post.media
        counts["emoji_table"].update(post.emojis)
        counts["tag_table"].update(post.tags)
        links.update(post.origins)
    counts["croissance_table"].update(month for month, _ in members)
    for origin, n in links.items():
        if host := HOST_OF.search(origin.lower()):
            counts["url_table"][host[1]] += n
    users = ((account, sum(of) / len(of), newest[account][1], len(of)) for account, of in rates.items())
    return {"user_table": users, **{table: counted.items() for table, counted in counts.items()}}


def make_tables(file: Path, out: Path) -> None:
    """Reads the posts and writes the tables."""
    gc.disable()  # nothing here is cyclic, and it saves a fifth
    rows = reduced(latest(file))
    for table, columns in TABLES.items():
        with (out / f"{table}.csv").open("w", encoding="utf-8", errors="replace", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(("key", *columns))
            writer.writerows(rows[table])


if __name__ == "__main__":
    line = arguments(__doc__, threads=False)
    make_tables(line.file, line.out)

"""Computes Tootmill's seven tables from the design alone, so that the Rust program can be checked cell for cell."""

from __future__ import annotations

import argparse
import glob
import gzip
import io
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import ada_url
import zstandard
from html5lib._tokenizer import HTMLTokenizer  # type: ignore[import-untyped]
from html5lib.constants import tokenTypes  # type: ignore[import-untyped]

sys.set_int_max_str_digits(0)  # numbers and character references of any length are read exactly

Table = dict[str, dict[str, str]]
Tables = dict[str, Table]

TABLES = (
    "croissance_table",
    "emoji_table",
    "language_table",
    "tag_table",
    "toot_with_media_table",
    "url_table",
    "user_table",
)
COUNTERS = (
    "posts",
    "bad",
    "boosts",
    "duplicates",
    "deleted",
    "not_public",
    "bots",
    "unusable_keys",
    "known_gaps",
    "left_out",
    "reduced",
)
MAX_DEPTH = 128
MAX_KEY_BYTES = 32_767


# --- Inputs: from arguments to the bytes of each --------------------------------------------------


def input_bytes(arguments: list[str]) -> Iterator[bytes]:
    """The plain bytes of every file meant: `-`, files, folders (see `files_below`), globs."""
    for argument in arguments:
        if argument == "-":
            yield plain(sys.stdin.buffer.read())
            continue
        paths = (
            [Path(argument)]
            if Path(argument).exists()
            else [Path(found) for found in sorted(glob.glob(argument, recursive=True))]
        )
        if not paths:
            sys.exit(f"reference.py: no such input: {argument!r}")
        for path in paths:
            for file in files_below(path) if path.is_dir() else [path]:
                yield plain(file.read_bytes())


def files_below(folder: Path) -> list[Path]:
    """Every file below the folder, except those with a part (below it) whose name begins with `.` or `_`."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(
        file for file in files if not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
    )


def plain(data: bytes) -> bytes:
    """The data decompressed, as its first bytes say, and without a byte order mark."""
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    elif data.startswith(b"\x28\xb5\x2f\xfd"):
        reader = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True)
        data = reader.read()
    return data.removeprefix(b"\xef\xbb\xbf")


# --- JSON: objects out of bytes, tolerantly ------------------------------------------------------


class Whole(str):
    """A JSON number without fraction or exponent, as its exact digits."""


class Fractional(str):
    """Any other JSON number."""


def no_constant(name: str) -> Any:
    """Refuse NaN and the infinities, which Python would take."""
    raise ValueError(f"{name} is not JSON")


# Python's decoder refuses raw control characters in strings and keeps the last of duplicate names, as wanted.
DECODER = json.JSONDecoder(parse_int=Whole, parse_float=Fractional, parse_constant=no_constant, strict=True)

SPACE = re.compile(rb"[ \t\r\n]*")
SPACE_AND_COMMAS = re.compile(rb"[ \t\r\n,]*")
STRING = rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
STRING_OR_SPACE = re.compile(rb"(" + STRING + rb")|[ \t\r\n]+")
TOKEN = re.compile(STRING + rb'|["{}\[\],:]|[^\s"{}\[\],:]+')
SCALAR = re.compile(STRING + rb"|[^\s,\]]+")
LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def objects(data: bytes) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """The objects of JSON lines, concatenated or pretty-printed objects, or arrays, as bytes and value; None is bad."""
    position = skip(SPACE, data, 0)
    array_form = data.startswith(b"[", position)
    inside_array = False
    while True:
        position = skip(SPACE_AND_COMMAS if inside_array else SPACE, data, position)
        first = data[position : position + 1]
        if not first:
            return
        if array_form and not inside_array and first == b"[":
            inside_array = True
            position += 1
            continue
        if inside_array and first == b"]":
            inside_array = False
            position += 1
            continue
        value: dict[str, Any] | None = None
        if first == b"{" or (inside_array and first == b"["):
            closed, end, depth = closing(data, position)
            if not closed:
                end = next_start(data, position, end)
            elif first == b"{" and depth <= MAX_DEPTH:
                value = parse(data[position:end])
        elif inside_array:
            end = skip(SCALAR, data, position)
        else:
            end = end_of_line(data, position)
        yield data[position:end], value
        position = end


def skip(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    """Where the pattern's match at the position ends; at least one byte on if it has none."""
    match = pattern.match(data, position)
    return match.end() if match else position + 1


def end_of_line(data: bytes, position: int) -> int:
    """Where the next line feed is, or the end."""
    found = data.find(b"\n", position)
    return len(data) if found < 0 else found


def closing(data: bytes, position: int) -> tuple[bool, int, int]:
    """Whether the value that opens here closes, where it ends (or is seen not to), and how deep it nests.

    A string that does not end on its line, a bracket of the wrong kind, and an opening bracket where no value may
    stand make it impossible.
    """
    opened: list[bytes] = []
    depth = 0
    previous = b""
    for match in TOKEN.finditer(data, position):
        token = match[0]
        if token == b'"':
            return False, match.start(), depth
        if token in (b"{", b"["):
            if opened and previous not in ((b":",) if opened[-1] == b"{" else (b"[", b",")):
                return False, match.start(), depth
            opened.append(token)
            depth = max(depth, len(opened))
        elif token in (b"}", b"]"):
            if opened.pop() != (b"{" if token == b"}" else b"["):
                return False, match.start(), depth
            if not opened:
                return True, match.end(), depth
        previous = token
    return False, len(data), depth


def next_start(data: bytes, position: int, stopped: int) -> int:
    """Where to read on after a value that does not close: at the next line that is an object by itself.

    No later than where the value was seen not to close.
    """
    end = end_of_line(data, position)
    while end < stopped:
        start = skip(SPACE, data, end)
        end = end_of_line(data, start)
        if start == stopped:
            return start
        if data.startswith(b"{", start):
            line = data[start:end]
            closed, close, _ = closing(line, 0)
            if closed and not line[close:].strip(b" \t\r,]"):
                return start
    return end


def parse(raw: bytes) -> dict[str, Any] | None:
    """The object, or None if it is not valid JSON. Invalid UTF-8 reads as U+FFFD."""
    try:
        value = DECODER.decode(raw.decode("utf-8", "replace"))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def squeezed(raw: bytes) -> bytes:
    """The object's bytes without the white space outside strings."""
    return STRING_OR_SPACE.sub(lambda match: match[1] or b"", raw)


# --- Fields: a wrong type counts as absent -------------------------------------------------------


def text(value: Any) -> str | None:
    """A string, lone surrogates as U+FFFD."""
    return LONE_SURROGATE.sub("\ufffd", value) if type(value) is str else None


def identifier(value: Any) -> str | None:
    """A non-empty string, or the exact digits of a whole number."""
    return str(value) if isinstance(value, Whole) else text(value) or None


def count(value: Any) -> int:
    """A whole number, never below 0."""
    return max(0, int(value)) if isinstance(value, Whole) else 0


def items(value: Any) -> list[Any]:
    """A list's items; none of anything else."""
    return value if isinstance(value, list) else []


def names(value: Any, name: str) -> list[str]:
    """The strings of a list of strings, or of objects that hold them under a name."""
    found = (text(item.get(name) if isinstance(item, dict) else item) for item in items(value))
    return [string for string in found if string is not None]


DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?: ?(?:Z|([+-])(\d\d):?(\d\d)))?)?",
    re.ASCII,
)


def instant(value: Any) -> datetime | None:
    """A date in one of the forms of the design, in UTC, truncated to microseconds."""
    match = DATE.fullmatch(text(value) or "")
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, sign, offset_hours, offset_minutes = match.groups(default="0")
    if int(offset_hours) > 23 or int(offset_minutes) > 59:
        return None
    offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
    zone = timezone(-offset if sign == "-" else offset)
    microsecond = int(f"{fraction:0<6}"[:6])
    try:
        return datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), microsecond, zone
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# --- Posts: which objects are posts, and which observation of a post counts ----------------------


@dataclass(slots=True)
class Account:
    """What the tables need of an account that has a usable id."""

    id: str
    created: datetime | None
    followers: int
    bot: bool


@dataclass(slots=True)
class Post:
    """What the tables need of a post, and what decides between its observations."""

    raw: bytes
    id: str
    created: datetime
    edited: datetime | None
    replies: int
    reblogs: int
    favourites: int
    language: str
    content: str
    media: bool
    emojis: set[str]
    tags: set[str]
    account: Account | None

    @property
    def day(self) -> str:
        """The UTC day, which is half of the post's identity."""
        return self.created.isoformat()[:10]

    def rank(self) -> tuple[datetime, int]:
        """The greatest is the latest observation; equals are told apart by their squeezed bytes."""
        return self.edited or self.created, self.reblogs + self.favourites + self.replies

    def is_later_than(self, other: Post) -> bool:
        """Whether this observation of the post counts, and not the other."""
        mine, others = self.rank(), other.rank()
        return mine > others or (mine == others and squeezed(self.raw) > squeezed(other.raw))


def read_account(value: Any) -> Account | None:
    """The account, or None if it has no usable id."""
    if not isinstance(value, dict) or (account_id := identifier(value.get("id"))) is None:
        return None
    return Account(
        account_id, instant(value.get("created_at")), count(value.get("followers_count")), value.get("bot") is True
    )


def read_post(raw: bytes, value: dict[str, Any]) -> Post | None:
    """The post, or None if it has no usable id or date."""
    post_id, created = identifier(value.get("id")), instant(value.get("created_at"))
    if post_id is None or created is None:
        return None
    return Post(
        raw=raw,
        id=post_id,
        created=created,
        edited=instant(value.get("edited_at")),
        replies=count(value.get("replies_count")),
        reblogs=count(value.get("reblogs_count")),
        favourites=count(value.get("favourites_count")),
        language=text(value.get("language")) or "und",
        content=text(value.get("content")) or "",
        media=any(item is not None for item in items(value.get("media_attachments"))),
        emojis=set(names(value.get("emojis"), "shortcode")),
        tags={tag.lower() for tag in names(value.get("tags"), "name")},
        account=read_account(value.get("account")),
    )


def choose(sources: Iterable[bytes]) -> tuple[list[Post], Counter[str]]:
    """The posts that count, each as its latest observation, and the counters."""
    counters: Counter[str] = Counter()
    chosen: dict[tuple[str, str], Post] = {}
    deleted: set[str] = set()
    for data in sources:
        for raw, value in objects(data):
            if value is None:
                counters["bad"] += 1
            elif value.get("reblog") is not None:
                counters["boosts"] += 1
            elif (deletion := identifier(value.get("deleted"))) is not None:
                deleted.add(deletion)
            elif isinstance(value.get("gap"), dict):
                counters["known_gaps"] += 1
            elif text(value.get("visibility")) not in (None, "public"):
                counters["not_public"] += 1
            elif identifier(value.get("id")) is None and isinstance(policy := value.get("policy"), dict):
                counters["left_out"] += count(policy.get("left_out"))
                counters["reduced"] += count(policy.get("reduced"))
            elif (post := read_post(raw, value)) is None:
                counters["bad"] += 1
            else:
                identity = post.day, post.id
                other = chosen.get(identity)
                counters["duplicates"] += other is not None
                if other is None or post.is_later_than(other):
                    chosen[identity] = post
    posts = [post for post in chosen.values() if post.id not in deleted]
    counters["deleted"] = len(chosen) - len(posts)
    counters["posts"] = len(posts)
    counters["bots"] = sum(post.account is not None and post.account.bot for post in posts)
    return posts, counters


# --- Links ---------------------------------------------------------------------------------------

# Without any of these a content cannot hold a link: a comment or a `</>` may stand inside a bare address.
MAY_HOLD_LINK = re.compile(r"<a|://|&|<[!?]|</[^a-z]", re.IGNORECASE)
HTML_SPACE = re.compile(r"[ \t\n\f\r]+")
BARE_ADDRESS = re.compile(r"[hH][tT][tT][pP][sS]?://[^\s<>\"`\x00-\x1f\x7f-\x9f]*")
TEXT_TOKENS = (tokenTypes["Characters"], tokenTypes["SpaceCharacters"])
TAG_TOKENS = (tokenTypes["StartTag"], tokenTypes["EndTag"], tokenTypes["EmptyTag"])
START_TAG = tokenTypes["StartTag"]
STATE_AFTER = {
    "title": "rcdataState",
    "textarea": "rcdataState",
    "style": "rawtextState",
    "xmp": "rawtextState",
    "iframe": "rawtextState",
    "noembed": "rawtextState",
    "noframes": "rawtextState",
    "script": "scriptDataState",
    "plaintext": "plaintextState",
}


class Tokenizer(HTMLTokenizer):  # type: ignore[misc]
    """html5lib's tokenizer, less its error that `<!--` and a NUL leave it at the comment's start, where `>` ends it."""

    state: Any

    def commentStartState(self) -> bool:
        """Go on in the comment after a NUL."""
        return self.leave(self.commentStartState, super().commentStartState())

    def commentStartDashState(self) -> bool:
        """Go on in the comment after a NUL."""
        return self.leave(self.commentStartDashState, super().commentStartDashState())

    def leave(self, state: object, more: bool) -> bool:
        """Enter the comment if the state has not been left."""
        if self.state == state:
            self.state = self.commentState
        return more


def link_hosts(content: str) -> list[str]:
    """The host of every link in the content."""
    if not MAY_HOLD_LINK.search(content):
        return []
    hosts = (host(address) for address in addresses(content))
    return [found for found in hosts if found is not None]


def addresses(content: str) -> list[str]:
    """The `href` of every `a` that is no mention or hashtag, or the bare addresses if there is no `a` at all."""
    anchors: list[dict[str, str]] = []
    runs = [""]  # text between tags
    tokenizer = Tokenizer(content)
    for token in tokenizer:
        if token["type"] in TEXT_TOKENS:
            runs[-1] += token["data"]
        elif token["type"] in TAG_TOKENS:
            runs.append("")
            if token["type"] == START_TAG:
                if token["name"] == "a":
                    anchors.append(token["data"])
                elif token["name"] in STATE_AFTER:
                    tokenizer.state = getattr(tokenizer, STATE_AFTER[token["name"]])
    if anchors:
        return [anchor["href"] for anchor in anchors if "href" in anchor and is_link(anchor)]
    return [found.rstrip(".,;:!?')]}*_") for run in runs for found in BARE_ADDRESS.findall(run)]


def is_link(anchor: dict[str, str]) -> bool:
    """Neither a mention nor a hashtag."""
    classes = HTML_SPACE.split(anchor.get("class", "").lower())
    return (
        "mention" not in classes
        and "hashtag" not in classes
        and "tag" not in HTML_SPACE.split(anchor.get("rel", "").lower())
    )


@lru_cache(maxsize=100_000)
def host(address: str) -> str | None:
    """The host of an http or https URL without trailing dots; None for anything else."""
    try:
        url = ada_url.URL(address)
    except ValueError:
        return None
    return url.hostname.rstrip(".") if url.protocol in ("http:", "https:") else None


# --- The tables ----------------------------------------------------------------------------------


def usable(key: str) -> bool:
    """Whether it can be a row key."""
    return 1 <= len(key.encode()) <= MAX_KEY_BYTES


def by_length(post_id: str) -> tuple[int, bytes]:
    """The order of ids."""
    encoded = post_id.encode()
    return len(encoded), encoded


def decimal(number: float) -> str:
    """The shortest decimal that reads back to the number, without exponent or trailing `.0`."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


@dataclass(slots=True)
class User:
    """What a row of `user_table` is made of."""

    units: int = 0
    posts: int = 0
    latest: tuple[datetime, tuple[int, bytes], int] | None = None

    def add(self, post: Post, account: Account) -> None:
        """Count one post of the account."""
        if account.followers > 0:
            rate = Fraction((post.reblogs + post.favourites) * 10**18, account.followers)
            self.units += round(rate)  # half to even
        self.posts += 1
        candidate = post.created, by_length(post.id), account.followers
        self.latest = max(self.latest or candidate, candidate)

    def row(self) -> dict[str, str]:
        """The cells."""
        assert self.latest is not None
        mean = float(Fraction(self.units, self.posts * 10**18))  # rounded once
        return {"engagement_rate": decimal(mean), "followers": str(self.latest[2]), "posts": str(self.posts)}


def tables(posts: Iterable[Post]) -> tuple[Tables, int]:
    """All seven tables of the posts, rows in the byte order of their keys, and how many keys were unusable."""
    counts: dict[str, Counter[str]] = {
        table: Counter() for table in TABLES if table not in ("user_table", "croissance_table")
    }
    users: defaultdict[str, User] = defaultdict(User)
    seen: defaultdict[str, set[str]] = defaultdict(set)
    unusable = 0
    for post in posts:
        keys = [("language_table", post.language)]
        keys += [("toot_with_media_table", "toot_with_media")] if post.media else []
        keys += [("emoji_table", shortcode) for shortcode in post.emojis]
        keys += [("url_table", found) for found in link_hosts(post.content)]
        keys += [("tag_table", tag) for tag in post.tags]
        for table, key in keys:
            if usable(key):
                counts[table][key] += 1
            else:
                unusable += 1
        if post.account:
            if post.account.created:
                seen[post.account.created.isoformat()[:7]].add(post.account.id)
            if usable(post.account.id):
                users[post.account.id].add(post, post.account)
            else:
                unusable += 1
    result: Tables = {
        table: {key: {"count": str(number)} for key, number in rows.items()} for table, rows in counts.items()
    }
    result["croissance_table"] = {month: {"count": str(len(accounts))} for month, accounts in seen.items()}
    result["user_table"] = {account: user.row() for account, user in users.items()}
    # Python orders strings by code point, which is the byte order of UTF-8.
    return {table: dict(sorted(result[table].items())) for table in TABLES}, unusable


def dump_data(posts: list[Post]) -> dict[str, Any]:
    """`tootmill tables dump`."""
    return {
        table: {key: {f"data:{column}": value for column, value in cells.items()} for key, cells in rows.items()}
        for table, rows in tables(posts)[0].items()
    }


def dump_day(posts: list[Post]) -> dict[str, Any]:
    """`tootmill tables dump --family day`: each day's tables are those of its posts alone."""
    days: defaultdict[str, list[Post]] = defaultdict(list)
    for post in posts:
        days[post.day].append(post)
    dump: dict[str, Any] = {table: {} for table in TABLES}
    for day in sorted(days):
        for table, rows in tables(days[day])[0].items():
            for key, cells in rows.items():
                dump[table].setdefault(key, {})[day] = {f"day:{column}": value for column, value in cells.items()}
    return {table: dict(sorted(rows.items())) for table, rows in dump.items()}


def main() -> None:
    """Read the inputs and print the tables or the counters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "inputs", nargs="+", metavar="INPUT", help="a file, folder or glob, plain, .gz or .zst; - is standard input"
    )
    parser.add_argument("--family", choices=("data", "day"), default="data", help="the totals, or each day alone")
    parser.add_argument("--counters", action="store_true", help="print the counters instead of the tables")
    arguments = parser.parse_args()
    posts, counters = choose(input_bytes(arguments.inputs))
    if arguments.counters:
        counters["unusable_keys"] = tables(posts)[1]
        answer: dict[str, Any] = {name: counters[name] for name in COUNTERS}
    else:
        answer = dump_day(posts) if arguments.family == "day" else dump_data(posts)
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")


if __name__ == "__main__":
    main()

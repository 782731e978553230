"""Computes Tootmill's seven tables from the database of a mastodon-mock, as `tootmill tables dump` writes them.

Written from the design alone, and from what the server makes of its rows when it serves them: of the posts on its
public timeline as they are now, it gives what somebody must get who has read all of them and knows all deletions.
"""

import argparse
import json
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path

import ada_url

Table = dict[str, dict[str, str]]

UNITS = 10**18
"""An engagement rate is summed in whole numbers of its parts."""

POSTS = """
SELECT statuses.id, statuses.account_id, statuses.content, statuses.language,
       accounts.created_at AS account_created_at,
       (SELECT count(*) FROM statuses AS boosts WHERE boosts.reblog_of_id = statuses.id) AS reblogs,
       (SELECT count(*) FROM favourites WHERE favourites.status_id = statuses.id) AS favourites,
       (SELECT count(*) FROM relationships
         WHERE relationships.target_account_id = accounts.id AND relationships.following) AS followers,
       (SELECT count(*) FROM media_attachments WHERE media_attachments.status_id = statuses.id) AS media
  FROM statuses JOIN accounts ON accounts.id = statuses.account_id
 WHERE statuses.visibility = 'public' AND statuses.reblog_of_id IS NULL
   AND accounts.approved AND NOT accounts.disabled AND NOT accounts.suspended AND NOT accounts.silenced
   AND (:whose = 'all' OR (accounts.domain IS NULL) = (:whose = 'local'))
   AND (:date IS NULL OR date(statuses.created_at) = :date)
 ORDER BY statuses.id
"""
"""The public timeline. Times in the database are UTC."""


class Content(HTMLParser):
    """The addresses in a post's content: of its links, or, where it has none at all, in its text."""

    def __init__(self, content: str) -> None:
        """Reads the content."""
        super().__init__(convert_charrefs=True)
        self.has_links = False
        self.of_links: list[str] = []
        self.texts: list[str] = []
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes a link, unless it is a mention's or a hashtag's."""
        if tag != "a":
            return
        self.has_links = True
        first = {name: value or "" for name, value in reversed(attrs)}
        classes, relations = (first.get(name, "").lower().split() for name in ("class", "rel"))
        if "href" in first and not {"mention", "hashtag"} & set(classes) and "tag" not in relations:
            self.of_links.append(first["href"])

    def handle_data(self, data: str) -> None:
        """Notes a run of text."""
        self.texts.append(data)

    def addresses(self) -> Iterator[str]:
        """Each of them, as often as it is there."""
        if self.has_links:
            yield from self.of_links
            return
        for text in self.texts:
            yield from written_addresses(text)


def written_addresses(text: str) -> Iterator[str]:
    """The addresses that are written out in a text."""
    begin = 0
    while begin < len(text):
        scheme = next((s for s in ("http://", "https://") if text[begin : begin + len(s)].lower() == s), None)
        if scheme is None:
            begin += 1
            continue
        end = begin
        while end < len(text) and not (text[end].isspace() or is_control(text[end]) or text[end] in '`<>"'):
            end += 1
        yield text[begin:end].rstrip(".,;:!?')]}*_")
        begin = end


def is_control(character: str) -> bool:
    """Whether it is a control character of Unicode (Cc)."""
    return ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0


def host(address: str) -> str | None:
    """The host of an http or https address."""
    try:
        url = ada_url.URL(address)
    except ValueError:
        return None
    return url.hostname.rstrip(".") if url.protocol in ("http:", "https:") else None


@dataclass
class Account:
    """What the posts of one account add up to."""

    followers: int
    units: int = 0
    posts: int = 0

    def add(self, interactions: int) -> None:
        """Counts a post."""
        self.posts += 1
        if self.followers > 0:
            self.units += round(Fraction(interactions * UNITS, self.followers))

    def row(self) -> dict[str, str]:
        """Its row."""
        rate = decimal(self.units / (self.posts * UNITS))
        return {"data:engagement_rate": rate, "data:followers": str(self.followers), "data:posts": str(self.posts)}


def decimal(number: float) -> str:
    """The shortest decimal that reads back to it, without an exponent or a needless point."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(counts: Counter[str]) -> Table:
    """The rows of a table of counts."""
    return {key: {"data:count": str(count)} for key, count in counts.items()}


def tables(database: sqlite3.Connection, whose: str, date: str | None) -> dict[str, Table]:
    """All seven."""
    tags = defaultdict(set)
    for status, name in database.execute("SELECT status_id, name FROM status_tags"):
        tags[status].add(name.lower())
    accounts: dict[str, Account] = {}
    created: dict[str, str] = {}
    languages, hosts, tagged, media = Counter(), Counter(), Counter(), Counter()
    for post in database.execute(POSTS, {"whose": whose, "date": date}):
        account = str(post["account_id"])
        accounts.setdefault(account, Account(post["followers"])).add(post["reblogs"] + post["favourites"])
        created[account] = post["account_created_at"][:7]
        languages[post["language"] or "und"] += 1
        hosts.update(filter(None, map(host, Content(post["content"]).addresses())))
        tagged.update(tags[post["id"]])
        media.update(["toot_with_media"] if post["media"] else [])
    return {
        "croissance_table": counted(Counter(created.values())),
        "emoji_table": {},  # the server has none in what it serves
        "language_table": counted(languages),
        "tag_table": counted(tagged),
        "toot_with_media_table": counted(media),
        "url_table": counted(hosts),
        "user_table": {name: account.row() for name, account in accounts.items()},
    }


def main() -> None:
    """Writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path, help="the server's file, while it runs or afterwards")
    parser.add_argument("--whose", choices=["all", "local", "remote"], default="all")
    parser.add_argument("--date", help="only the posts of this UTC day")
    line = parser.parse_args()
    database = sqlite3.connect(line.database.resolve(strict=True))
    database.row_factory = sqlite3.Row
    json.dump(tables(database, line.whose, line.date), sys.stdout, ensure_ascii=False, sort_keys=True)


if __name__ == "__main__":
    main()

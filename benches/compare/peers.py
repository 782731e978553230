"""What the peers share: the seven tables, the regexes that find links, and the command line."""

import argparse
from pathlib import Path

TABLES = {
    "user_table": ("engagement_rate", "followers", "posts"),
    "croissance_table": ("count",),
    "language_table": ("count",),
    "toot_with_media_table": ("count",),
    "emoji_table": ("count",),
    "url_table": ("count",),
    "tag_table": ("count",),
}
"""Every table with its columns. A peer writes each as `TABLE.csv`, the column `key` in front."""

# Links by regex, in the syntax that RE2 (DuckDB), Rust's regex (Polars) and Python's re share: no look-around.
# An `a` start tag is what follows START up to `>`. It is a link if NOT_LINK isn't in it; ORIGIN finds the scheme and
# authority in its `href`. BARE finds them in a content without start tags. HOST is cut out of the distinct origins
# only, and no pattern has a group more than it needs: both make RE2 twice as fast.
START = r"(?i)<a\s"
NOT_LINK = (
    r"""(?i)(?:^|\s)(?:class\s*=\s*["']?(?:[^"'>]*\s)?(?:mention|hashtag)"""
    r"""|rel\s*=\s*["']?(?:[^"'>]*\s)?tag)(?:["'\s>]|$)"""
)
ORIGIN = r"""(?i)(?:^|\s)href\s*=["'\s]*https?://[^/?#\\"'\s>]+"""
BARE = r"""(?i)https?://[^/?#\\"'\s<>`]+"""
HOST = r"""//(?:.*@)?([^@:.][^@:]*?)[.,;!?')\]}*_]*(?::\d*)?$"""


def arguments(description: str | None, *, threads: bool = True) -> argparse.Namespace:
    """Reads a peer's command line, `FILE [--threads N] --out DIR`, and makes the directory."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("file", type=Path, help="posts as JSON lines")
    if threads:
        parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True, help="directory for the tables as CSV")
    parsed = parser.parse_args()
    parsed.out.mkdir(parents=True, exist_ok=True)
    return parsed

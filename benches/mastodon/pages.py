"""Pages the public timeline of a server by Mastodon.py, forward from its beginning; see --help.

It prints one line of CSV: posts, pages, seconds of the clock, seconds of the processor by this process. It keeps to no
limit on the rate. It runs in a Python that has Mastodon.py: `cargo xtask test` makes one in the project's cache, in
`python/mastodon`.
"""

import argparse
import csv
import sys
import time
from collections.abc import Iterator

from mastodon import Mastodon
from mastodon.return_types import Status

LARGEST_PAGE = 40


def command_line() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0],
        epilog="example: ~/.cache/tootmill/python/mastodon/bin/python benches/mastodon/pages.py http://127.0.0.1:3000",
    )
    parser.add_argument("server", help="its address; a test server, which is asked as fast as it answers")
    parser.add_argument("--header", action="store_true", help="print the names of the columns first")
    return parser.parse_args()


def pages(server: Mastodon) -> Iterator[list[Status]]:
    """The pages, from the oldest post on; each begins with its newest."""
    newest = "0"
    while page := server.timeline_public(min_id=newest, limit=LARGEST_PAGE):
        yield page
        newest = page[0].id


def main() -> None:
    """Pages and prints the line."""
    line = command_line()
    # With "throw" it does not wait before a request, and an answer 429 is an error.
    server = Mastodon(api_base_url=line.server, ratelimit_method="throw")
    count = {"posts": 0, "pages": 0}
    begin = time.perf_counter()
    cpu = time.process_time()
    for page in pages(server):
        count["posts"] += len(page)
        count["pages"] += 1
    took = {"seconds": f"{time.perf_counter() - begin:.3f}", "cpu": f"{time.process_time() - cpu:.3f}"}
    written = csv.DictWriter(sys.stdout, [*count, *took], lineterminator="\n")
    if line.header:
        written.writeheader()
    written.writerow(count | took)


if __name__ == "__main__":
    main()

"""The seed's mapper and reducer as Hadoop Streaming runs them: `streaming.py mapper` and `streaming.py reducer`.

As in the seed, the mapper writes a line for each thing that it counts in a post, and adds nothing up.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby

import orjson
from python_mapper import identifier, instant, mapped


def emitted(lines: Iterable[bytes]) -> Iterator[tuple[str, str, str, str]]:
    """Metric, key, member and value of whatever the posts of the lines count."""
    for line in lines:
        post = orjson.loads(line)
        created = instant(post.get("created_at"))
        if not (created and identifier(post)):
            continue
        this = mapped(post, created)
        if this.account:
            yield "user", this.account, created.isoformat(), f"{this.rate!r} {this.followers}"
            if this.month:
                yield "croissance", this.month, this.account, "1"
        yield "language", this.language, "", "1"
        if this.media:
            yield "toot_with_media", "toot_with_media", "", "1"
        for metric, keys in (("emoji", this.emojis), ("tag", this.tags), ("url", this.origins)):
            for key in keys:
                yield metric, key, "", "1"


def reduced(metric: str, group: Iterator[list[str]]) -> str:
    """The value of a key: its lines come in the order of their members."""
    if metric == "croissance":
        return str(len({member for _, _, member, _ in group}))
    if metric != "user":
        return str(sum(int(value) for *_, value in group))
    values = [value.split() for *_, value in group]
    rate = sum(float(rate) for rate, _ in values) / len(values)
    return f"{rate!r} {values[-1][1]} {len(values)}"


def main() -> None:
    """Maps or reduces standard input."""
    if sys.argv[1] == "mapper":
        sys.stdout.writelines("\t".join(fields) + "\n" for fields in emitted(sys.stdin.buffer))
        return
    records = (line.rstrip("\n").split("\t") for line in sys.stdin)
    for (metric, key), group in groupby(records, lambda fields: (fields[0], fields[1])):
        print(metric, key, "", reduced(metric, group), sep="\t")


if __name__ == "__main__":
    main()

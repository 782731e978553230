"""The seven tables by Polars: one streaming pass over the file into a frame, then a lazy query for each table."""

import os
from pathlib import Path

from peers import BARE, HOST, NOT_LINK, ORIGIN, START, TABLES, arguments

LINE = arguments(__doc__)
os.environ["POLARS_MAX_THREADS"] = str(LINE.threads)  # read when Polars is imported

import polars as pl  # noqa: E402
from polars import col  # noqa: E402

# The lists are read as text: each that is a list of structs instead makes the whole scan a quarter slower.
SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    **dict.fromkeys(("id", "created_at", "edited_at", "deleted", "visibility", "language", "content"), pl.String),
    **dict.fromkeys(("replies_count", "reblogs_count", "favourites_count"), pl.Int64),
    **dict.fromkeys(("emojis", "tags", "media_attachments"), pl.String),
    "reblog": pl.Struct({"id": pl.String}),
    "account": pl.Struct({"id": pl.String, "created_at": pl.String, "followers_count": pl.Int64}),
}
STRING = r'"(?:[^"\\]|\\.)*"'


def instant(text: pl.Series) -> pl.Series:
    """Instants: as the servers write them, and only what that doesn't read by way of a form made of all others."""
    instants = text.str.to_datetime("%+", strict=False)
    odd = (instants.is_null() & text.is_not_null()).arg_true()
    if odd.is_empty():
        return instants
    form = r"^(\d{4}-\d\d-\d\d)(?:[T ]([\d:.]+))? ?(Z|[+-]\d\d:?\d\d)?$"
    date, time, offset = (text[odd].str.extract(form, group) for group in (1, 2, 3))
    normal = date + " " + time.fill_null("00:00:00") + offset.fill_null("Z").replace("Z", "+00:00")
    return instants.scatter(odd, normal.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", strict=False))


def observations(file: Path) -> pl.DataFrame:
    """What the file says of posts and deletions, in one pass."""
    return (
        pl.scan_ndjson(file, schema=SCHEMA, ignore_errors=True)
        .filter(
            col("deleted").is_not_null()
            | ((col("id") != "") & col("reblog").is_null() & (col("visibility").fill_null("public") == "public"))
        )
        .select(
            "id",
            "created_at",
            "edited_at",
            "deleted",
            "language",
            "content",
            "emojis",
            "tags",
            col("account").struct.field("id").alias("account"),
            col("account").struct.field("created_at").alias("account_created"),
            col("account").struct.field("followers_count").fill_null(0).clip(0).alias("followers"),
            col("media_attachments").str.starts_with("[{").alias("media"),
            *(
                col(f"{count}_count").fill_null(0).clip(0).alias(count)
                for count in ("replies", "reblogs", "favourites")
            ),
        )
        .collect(engine="streaming")
    )


def latest(seen: pl.DataFrame) -> pl.DataFrame:
    """The latest observation of each post that wasn't deleted. Few were observed twice: only these are sorted."""
    posts = (
        seen.with_columns(
            instant(seen["created_at"]).alias("created"),
            instant(seen["edited_at"]).alias("edited"),
            (col("reblogs") + col("favourites")).alias("reactions"),
        )
        .filter(col("created").is_not_null() & ~col("id").is_in(seen["deleted"].drop_nulls().implode()))
        .with_columns(col("created").dt.date().alias("day"))
    )
    identity = ["day", "id"]
    twice = posts.select(pl.struct(identity).is_duplicated()).to_series()
    chosen = (
        posts.filter(twice)
        .sort(pl.coalesce("edited", "created"), col("reactions") + col("replies"))
        .unique(identity, keep="last")
    )
    return pl.concat([posts.filter(~twice), chosen])


def counted(keys: pl.LazyFrame) -> pl.LazyFrame:
    """Counts the rows of a frame with one column, the key."""
    return keys.select(pl.all().alias("key")).filter(col("key") != "").group_by("key").agg(pl.len().alias("count"))


def names(posts: pl.LazyFrame, column: str, field: str) -> pl.LazyFrame:
    """Each post's distinct names in a list of objects or of plain strings, in lower case if they are tags.

    By regex, because `json_decode` fails for all posts where one has an element of another type.
    """
    text = col(column).str
    listed = pl.concat(
        posts.filter(text.starts_with(start)).select("post", text.extract_all(pattern).alias("name"))
        for start, pattern in (("[{", f'"{field}": ?{STRING}'), ('["', STRING))
    )
    name = col("name").str.extract(f"{STRING}$", 0).str.strip_chars('"')
    if column == "tags":
        name = name.str.to_lowercase()
    return listed.explode("name").select("post", name).unique().select("name")


def hosts(posts: pl.LazyFrame) -> pl.LazyFrame:
    """Links by host; the host is cut out of distinct origins."""
    content = col("content").str
    texts = posts.filter(content.contains("://", literal=True)).select(
        "content", content.split(START, literal=False).alias("parts")
    )
    marked = (
        texts.select(col("parts").list.slice(1).alias("tag"))
        .explode("tag")
        .drop_nulls()
        .select(col("tag").str.splitn(">", 2).struct.field("field_0").alias("tag"))
        .filter(~col("tag").str.contains(NOT_LINK))
        .select(col("tag").str.extract(ORIGIN, 0).alias("origin"))
    )
    bare = (
        texts.filter(col("parts").list.len() == 1).select(content.extract_all(BARE).alias("origin")).explode("origin")
    )
    return (
        pl.concat([marked, bare])
        .drop_nulls()
        .group_by("origin")
        .agg(pl.len().alias("count"))
        .group_by(col("origin").str.to_lowercase().str.extract(HOST).alias("key"))
        .agg(col("count").sum())
        .drop_nulls()
    )


def queries(posts: pl.LazyFrame) -> dict[str, pl.LazyFrame]:
    """A query for each table."""
    accounts = posts.filter(col("account") != "")
    rate = pl.when(col("followers") > 0).then(col("reactions") / col("followers")).otherwise(0.0)
    created = accounts.select("account", "account_created").unique().collect()
    months = created.lazy().with_columns(instant(created["account_created"]).dt.strftime("%Y-%m").alias("month"))
    return {
        "user_table": accounts.group_by(col("account").alias("key")).agg(
            rate.mean().alias("engagement_rate"),
            col("followers").sort_by("created").last(),
            pl.len().alias("posts"),
        ),
        "croissance_table": counted(months.select("account", "month").unique().select("month")),
        "language_table": counted(posts.select(pl.coalesce(col("language").replace("", None), pl.lit("und")))),
        "toot_with_media_table": posts.filter("media").select(
            pl.lit("toot_with_media").alias("key"), pl.len().alias("count")
        ),
        "emoji_table": counted(names(posts, "emojis", "shortcode")),
        "url_table": hosts(posts),
        "tag_table": counted(names(posts, "tags", "name")),
    }


def make_tables(file: Path, out: Path) -> None:
    """Reads the posts and writes the tables."""
    by_table = queries(latest(observations(file)).with_row_index("post").lazy())
    for table, frame in zip(TABLES, pl.collect_all([by_table[table] for table in TABLES]), strict=True):
        frame.write_csv(out / f"{table}.csv")


if __name__ == "__main__":
    make_tables(LINE.file, LINE.out)

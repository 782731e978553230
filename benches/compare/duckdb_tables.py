"""The seven tables by DuckDB: one pass over the file into a temporary table, then a query for each."""

from pathlib import Path

import duckdb

from peers import BARE, HOST, NOT_LINK, ORIGIN, START, TABLES, arguments

# Tags and emojis are read as JSON because their elements may be objects or plain strings.
COLUMNS = """{
    id: 'VARCHAR', created_at: 'VARCHAR', edited_at: 'VARCHAR', deleted: 'VARCHAR', visibility: 'VARCHAR',
    reblog: 'JSON', language: 'VARCHAR', content: 'VARCHAR',
    replies_count: 'BIGINT', reblogs_count: 'BIGINT', favourites_count: 'BIGINT',
    account: 'STRUCT(id VARCHAR, created_at VARCHAR, followers_count BIGINT)',
    emojis: 'JSON[]', tags: 'JSON[]', media_attachments: 'STRUCT(id VARCHAR)[]'
}"""


def literal(text: object) -> str:
    """An SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


# The second form of `instant` is only tried where the first gives nothing: an offset after a space.
SETUP = r"""
SET preserve_insertion_order = false;
SET TimeZone = 'UTC';
CREATE MACRO instant(t) AS
    coalesce(try_cast(t AS TIMESTAMPTZ), try_cast(regexp_replace(t, ' ([+-])', '\1') AS TIMESTAMPTZ))
"""

POSTS = f"""
CREATE TEMP TABLE posts AS
SELECT
    id,
    instant(created_at) AS created,
    created::DATE AS day,
    coalesce(instant(edited_at), created) AS changed,
    greatest(reblogs_count, 0) + greatest(favourites_count, 0) AS reactions,
    reactions + greatest(replies_count, 0) AS engagement,
    deleted,
    language,
    account.id AS account,
    account.created_at AS account_created,
    greatest(account.followers_count, 0) AS followers,
    len(media_attachments) > 0 AS media,
    list_distinct(list_transform(emojis, lambda e: coalesce(e ->> 'shortcode', e ->> '$'))) AS emojis,
    list_distinct(list_transform(tags, lambda t: lower(coalesce(t ->> 'name', t ->> '$')))) AS tags,
    CASE
        WHEN regexp_matches(content, {literal(START)}) THEN list_transform(
            list_filter(
                list_transform(
                    regexp_split_to_array(content, {literal(START)})[2:],
                    lambda rest: split_part(rest, '>', 1)
                ),
                lambda tag: NOT regexp_matches(tag, {literal(NOT_LINK)})
            ),
            lambda tag: regexp_extract(tag, {literal(ORIGIN)})
        )
        WHEN contains(content, '://') THEN regexp_extract_all(content, {literal(BARE)})
    END AS origins
FROM read_json(
    $file, format = 'newline_delimited', records = true, columns = {COLUMNS},
    ignore_errors = true, maximum_object_size = 16777216
)
WHERE deleted IS NOT NULL
    OR (id <> '' AND created IS NOT NULL AND reblog IS NULL AND coalesce(visibility, 'public') = 'public')
"""

# Few posts were observed twice: only these are ranked.
LATEST = """
DELETE FROM posts WHERE deleted IS NOT NULL OR id IN (SELECT deleted FROM posts) OR rowid IN (
    SELECT posts.rowid
    FROM posts JOIN (SELECT day, id FROM posts GROUP BY ALL HAVING count(*) > 1) USING (day, id)
    QUALIFY row_number() OVER (PARTITION BY day, id ORDER BY changed DESC, engagement DESC) > 1
)
"""


def counted(keys: str) -> str:
    """Counts the rows of a query with one column, the key."""
    return f"SELECT key, count(*) AS count FROM ({keys}) WHERE key <> '' GROUP BY key"


QUERIES = {
    "user_table": """
        SELECT
            account AS key,
            avg(CASE WHEN followers > 0 THEN reactions / followers ELSE 0 END) AS engagement_rate,
            arg_max(followers, created) AS followers,
            count(*) AS posts
        FROM posts WHERE account <> '' GROUP BY account""",
    "croissance_table": counted("""
        SELECT DISTINCT account, strftime(instant(account_created), '%Y-%m') AS key
        FROM (SELECT DISTINCT account, account_created FROM posts WHERE account <> '')
        WHERE instant(account_created) IS NOT NULL"""),
    "language_table": counted("SELECT coalesce(nullif(language, ''), 'und') AS key FROM posts"),
    "toot_with_media_table": counted("SELECT 'toot_with_media' AS key FROM posts WHERE media"),
    "emoji_table": counted("SELECT unnest(emojis) AS key FROM posts"),
    "url_table": f"""
        SELECT key, sum(links) AS count FROM (
            SELECT regexp_extract(lower(origin), {literal(HOST)}, 1) AS key, count(*) AS links
            FROM (SELECT unnest(origins) AS origin FROM posts) GROUP BY origin
        ) WHERE key <> '' GROUP BY key""",
    "tag_table": counted("SELECT unnest(tags) AS key FROM posts"),
}


def make_tables(file: Path, threads: int, out: Path) -> None:
    """Reads the posts and writes the tables."""
    database = duckdb.connect(config={"threads": threads})
    database.execute(SETUP)
    database.execute(POSTS, {"file": str(file)})
    database.execute(LATEST)
    for table in TABLES:
        database.execute(f"COPY ({QUERIES[table]}) TO {literal(out / f'{table}.csv')} (HEADER)")


if __name__ == "__main__":
    line = arguments(__doc__)
    make_tables(line.file, line.threads, line.out)

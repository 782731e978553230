"""Writes a file of rows into a table by happybase, from one or several connections; see --help."""

import argparse
import functools
import itertools
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import happybase


def command_line() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="HOST:PORT of the Thrift1 server")
    parser.add_argument("--table", required=True)
    parser.add_argument("--timestamp", type=int, required=True, help="of all cells, in milliseconds")
    parser.add_argument("--batch", type=int, required=True, help="rows a batch")
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--threads", action="store_true", help="threads and no processes")
    parser.add_argument("rows", type=Path)
    return parser.parse_args()


def ranges(path: Path, count: int) -> Iterator[tuple[int, int]]:
    """Parts of a file that begin and end between rows, whose cells are one below the other."""

    def key(line: bytes) -> bytes:
        return line.split(b"\t", 2)[1]

    size = path.stat().st_size
    begin = 0
    with path.open("rb") as file:
        for part in range(1, count + 1):
            file.seek(size * part // count)
            file.readline()
            last = file.readline()
            end = file.tell()
            while last and (line := file.readline()) and key(line) == key(last):
                end = file.tell()
            yield begin, end
            begin = end


def rows(path: Path, begin: int, end: int) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    """The rows of a part of the file. Account ids and numbers have nothing that is escaped."""

    def cells() -> Iterator[list[bytes]]:
        with path.open("rb", buffering=1 << 17) as file:
            file.seek(begin)
            left = end - begin
            for line in file:
                if left <= 0:
                    return
                left -= len(line)
                yield line[:-1].split(b"\t")

    for key, of_row in itertools.groupby(cells(), key=lambda cell: cell[1]):
        yield key, {column: value for _, _, column, value in of_row}


def write(line: argparse.Namespace, part: tuple[int, int]) -> None:
    """Writes a part of the rows over a connection of its own."""
    host, port = line.server.rsplit(":", 1)
    table = happybase.Connection(host, int(port)).table(line.table)
    # A batch is sent when it has so many cells, as happybase counts; a row of these has three.
    with table.batch(timestamp=line.timestamp, batch_size=line.batch * 3) as batch:
        for key, cells in rows(line.rows, *part):
            batch.put(key, cells)


def main() -> None:
    """Writes all parts."""
    line = command_line()
    parts = list(ranges(line.rows, line.connections))
    if line.connections == 1:
        write(line, parts[0])
        return
    pool = ThreadPoolExecutor if line.threads else ProcessPoolExecutor
    with pool(line.connections) as workers:
        for _ in workers.map(functools.partial(write, line), parts):
            pass


if __name__ == "__main__":
    main()

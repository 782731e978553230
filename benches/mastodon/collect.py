"""Times `tootmill collect` beside Mastodon.py on the same timeline of a test server, in turns; see --help.

It runs in a Python that has mastodon-mock and Mastodon.py: `cargo xtask test` makes one in the project's cache, in
`python/mastodon`. The server runs on this machine too, and bounds both; what tells them apart is the processor's time.
"""

import argparse
import csv
import json
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
SERVE = HERE.parent.parent / "bins/tootmill/tests/mastodon/serve.py"
COLUMNS = "round", "program", "posts", "pages", "seconds", "cpu"


def command_line() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0],
        epilog="example: ~/.cache/tootmill/python/mastodon/bin/python benches/mastodon/collect.py target/release/tootmill",
    )
    parser.add_argument("tootmill", type=Path, help="the program, built with --release")
    parser.add_argument("--rounds", type=int, default=3, help="how often each runs")
    parser.add_argument("--preset", default="small", help="how many posts: small is 5,000, medium 100,000")
    return parser.parse_args()


def serve(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Starts a server of its own, and waits until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = folder / "mock.toml"
    configuration.write_text(f"[database]\npath = {json.dumps(str(folder / 'mock.sqlite'))}\n")
    command = [sys.executable, SERVE, "--config", configuration, "--host", "127.0.0.1", "--port", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=folder, **quiet)
    server = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{server}/health")
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return process, server
    message = "the server does not answer"
    raise SystemExit(message)


def fill(server: str, preset: str) -> None:
    """Puts posts into the server."""
    body = json.dumps({"preset": preset}).encode()
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(f"{server}/api/v1/_mock/sample_data", body, headers))


def by_mastodon_py(server: str) -> dict[str, object]:
    """Pages the timeline by Mastodon.py, which counts without what it takes to start."""
    line = subprocess.run([sys.executable, HERE / "pages.py", server], check=True, capture_output=True, text=True).stdout
    posts, pages, seconds, cpu = line.strip().split(",")
    return {"program": "Mastodon.py", "posts": posts, "pages": pages, "seconds": seconds, "cpu": cpu}


def by_tootmill(tootmill: Path, server: str, folder: Path) -> dict[str, object]:
    """Collects the timeline into a new lake, which counts as a whole."""
    lake = ["--lake", tempfile.mkdtemp(dir=folder), "--instance", "bench.test", "--from", server]
    command = [tootmill, "collect", *lake, "--since", "2020-01-01", "--accept-rules", "--requests-per-minute", "0", "--json"]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    seconds, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    took = {"seconds": f"{seconds:.3f}", "cpu": f"{cpu:.3f}"}
    return {"program": "tootmill", "posts": told["posts"], "pages": told["pages"] + told["pages_back"]} | took


def main() -> None:
    """Runs everybody in turns and prints CSV."""
    line = command_line()
    written = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    written.writeheader()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process, server = serve(folder)
        try:
            fill(server, line.preset)
            for number in range(line.rounds):
                for outcome in by_tootmill(line.tootmill, server, folder), by_mastodon_py(server):
                    written.writerow({"round": number} | outcome)
                    sys.stdout.flush()
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()

"""An instance for the tests: mastodon-mock, with posts of several days."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import time
import urllib.request
from datetime import date, timedelta
from pathlib import Path
from typing import Any

#: The tests of collecting have the same server; its README says how it differs from Mastodon.
PARTS = Path(__file__).resolve().parents[2] / "bins" / "tootmill" / "tests" / "mastodon"

ACCOUNTS = {"ada": "", "bo": "", "cy": "remote.example", "dan": ""}
TEXTS = [
    "The mill turns, {n}. #mill #Grain",
    "Read https://mill.example/{n} and https://stone.test:8443/{n}",
    "Plain words, number {n}",
    "水車 {n} が回る #水車 https://bücher.example/{n}",
]
LANGUAGES = ["en", "de", None, "ja"]


class Mock:
    """The server, which ends with the process that started it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        config = folder / "mock.toml"
        accounts = [
            f'[[seed.accounts]]\nusername = "{name}"\naccess_token = "{token(name)}"\n'
            + (f'domain = "{host}"\n' if host else "")
            for name, host in ACCOUNTS.items()
        ]
        follows = [f'[[seed.follows]]\nfollower = "{follower}"\nfollowing = "ada"\n' for follower in list(ACCOUNTS)[1:]]
        text = 'rules = ["Be kind."]\n' + f'[database]\npath = "{self.database}"\n[ratelimit]\nenabled = false\n'
        config.write_text(text + "".join(accounts + follows))
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    os.environ["TOOTMILL_MASTODON_PYTHON"],
                    str(PARTS / "serve.py"),
                    *["--config", str(config), "--host", "127.0.0.1", "--port", str(self.port)],
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=folder,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=5).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError((folder / "log").read_text())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.folder / "mock.sqlite"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()

    def fill(self, last: date, days: int, posts: int) -> None:
        """Puts so many posts on each of the days up to the last, dated after noon in the order in which they were made."""
        names = list(ACCOUNTS)
        for back in reversed(range(days)):
            day = last - timedelta(days=back)
            before = set(self.ids())
            for number in range(posts):
                status = {"status": TEXTS[number % 4].format(n=number), "language": LANGUAGES[(number + back) % 4]}
                made = self.call("POST", "/api/v1/statuses", names[(number + back) % 4], status)
                if number % 3 == 1:
                    self.call("POST", f"/api/v1/statuses/{made['id']}/favourite", names[number % 4], {})
            for number, made in enumerate(one for one in self.ids() if one not in before):
                self.sql(f"UPDATE statuses SET created_at = '{day} 12:{number:02}:00.000000' WHERE id = {made}")
        self.sql("UPDATE accounts SET created_at = '2023-05-01 00:00:00.000000'")

    def tables(self) -> dict[str, Any]:
        """The tables as an independent program computes them from the server's own database."""
        python = os.environ["TOOTMILL_MASTODON_PYTHON"]
        done = subprocess.run([python, str(PARTS / "tables.py"), str(self.database)], capture_output=True, check=True)
        return dict(json.loads(done.stdout))

    def ids(self) -> list[int]:
        with sqlite3.connect(self.database, timeout=60) as database:
            return [row[0] for row in database.execute("SELECT id FROM statuses ORDER BY id")]

    def sql(self, statement: str) -> None:
        with sqlite3.connect(self.database, timeout=60) as database:
            database.execute(statement)

    def call(self, method: str, path: str, account: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token(account)}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def token(account: str) -> str:
    """The token of an account, which no log and no rendered field may show."""
    return f"secret-user-token-of-{account}"

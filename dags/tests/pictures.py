"""Pictures of Airflow's pages, by a headless Chromium: the one that CHROMIUM names."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path

from playwright.sync_api import sync_playwright

#: Where pictures of a run of the tests are kept.
ARTEFACTS = Path(__file__).resolve().parents[2] / "target" / "artefacts" / "airflow"


def taken(url: str, dag: str, run: str) -> list[Path]:
    """Takes the pages of a DAG, with its grid, and of a run, with its graph."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, and these pages are our own.
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        pictures = []
        for name, path in [("Grid", f"/dags/{dag}"), ("Graph", f"/dags/{dag}/runs/{urllib.parse.quote(run)}")]:
            page.goto(url + path)
            page.get_by_role("button", name=f"Show {name}").click()
            page.get_by_text("compact").first.wait_for()
            # What moves into its place.
            page.wait_for_timeout(3_000)
            pictures.append(ARTEFACTS / f"{name.lower()}.png")
            page.screenshot(path=pictures[-1])
        chromium.close()
    return pictures

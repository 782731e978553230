"""What the dashboard for Grafana asks of Prometheus."""

from __future__ import annotations

import json
import re
from pathlib import Path

DASHBOARD = Path(__file__).resolve().parents[1] / "grafana.json"


def asked() -> list[tuple[str, set[str]]]:
    """Every metric that is asked for, with the labels by which it is chosen, grouped, or shown."""
    dashboard = json.loads(DASHBOARD.read_text())
    targets = [target for panel in dashboard["panels"] for target in panel["targets"]]
    found = []
    for target in targets:
        metrics = re.findall(r"(tootmill_\w+)(?:\{([^}]*)\})?", target["expr"])
        shown = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        for name, selector in metrics:
            grouped = re.findall(r"\w+", " ".join(re.findall(r"(?:by|ignoring) \(([^)]*)\)", target["expr"])))
            found.append((name, set(re.findall(r"(\w+)=~?\"", selector)) | shown | set(grouped)))
    assert len(found) > 15, "the dashboard is there"
    variables = [variable["query"] for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    return found + [(name, {label}) for query in variables for name, label in re.findall(r"\((\w+), (\w+)\)", query)]

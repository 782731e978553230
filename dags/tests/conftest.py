"""What the tests share: DAGs as they are parsed, and a whole deployment on the development cluster."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]
INSTANCE = "mill.test"
os.environ["AIRFLOW__TOOTMILL__INSTANCES"] = INSTANCE
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

pytest_plugins = ["deployment"]


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Airflow's folder is one of the tests' own; it is read when Airflow is imported, which no test does before this."""
    os.environ["AIRFLOW_HOME"] = str(tmp_path_factory.mktemp("airflow-home"))

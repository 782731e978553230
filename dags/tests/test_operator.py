"""The operator, with programs that behave as `tootmill` does."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from tootmill_airflow.operator import StatusOperator, TootmillOperator, findings, news, parsed, wrong


class Try:
    """A task instance as far as the operator needs one."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture
def execute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def execute(script: str, **how: Any) -> tuple[Any, Try]:
        program = tmp_path / "tootmill"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("AIRFLOW__TOOTMILL__PROGRAM", str(program))
        attempt = Try()
        how.setdefault("environment", {})
        operator = TootmillOperator(task_id="stage", arguments=["stage", "a b; exit 9"], **how)
        return operator.execute.__wrapped__(operator, {"ti": attempt}), attempt

    return execute


def test_the_outcome_is_what_the_command_writes(execute: Any) -> None:
    outcome, attempt = execute("""printf '{"arguments": "%s|%s|%s"}' "$1" "$2" "$3" """)
    assert outcome == {"arguments": "stage|a b; exit 9|--json"}, "no shell has read the arguments"
    assert attempt.pushed["seconds"] >= 0


def test_the_application_is_told_at_once(execute: Any) -> None:
    page = "http://rm:8088/proxy/application_1_0002/"
    _, attempt = execute(f"echo 'the job runs: {page}, 3 maps' >&2; echo null")
    assert attempt.pushed["_link_YarnLink"] == page


@pytest.mark.parametrize(
    ("code", "error"), [(1, AirflowFailException), (2, AirflowFailException), (75, AirflowException)]
)
def test_only_what_may_pass_is_tried_again(execute: Any, code: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"tootmill stage: the stone broke .exit code {code}") as raised:
        execute(f"echo reading >&2; echo 'error: the stone broke' >&2; exit {code}")
    assert type(raised.value) is error


def test_findings_are_the_error() -> None:
    found = [
        {"level": "warn", "about": "a", "says": "b", "advice": "c"},
        {"level": "error", "about": "tag_table", "says": "3 rows, 9 before", "advice": "look"},
    ]
    assert findings({"findings": found}) == "tag_table: 3 rows, 9 before. look"
    assert findings(None) == findings([]) == findings({"findings": []}) == ""


def test_what_goes_on_is_known_by_other_words_than_its_numbers() -> None:
    of_status = {"findings": [{"level": "error", "check": "rows", "about": "tag_table", "says": "3 rows"}]}
    assert wrong(of_status, "it failed") == ["rows tag_table"]
    assert wrong(None, "no answer for 31 s") == wrong(None, "no answer for 7 s") != wrong(None, "no lake")


def test_a_program_that_is_not_there_is_no_reason_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__TOOTMILL__PROGRAM", "/nowhere/tootmill")
    operator = TootmillOperator(task_id="stage", arguments=["stage"], environment={})
    with pytest.raises(AirflowFailException, match=r"/nowhere/tootmill is no program here: .*TOOTMILL__PROGRAM"):
        operator.execute.__wrapped__(operator, {"ti": Try()})


@pytest.mark.parametrize(
    ("error", "raised"),
    [(ErrorType.VARIABLE_NOT_FOUND, AirflowFailException), (ErrorType.API_SERVER_ERROR, AirflowRuntimeError)],
)
def test_a_variable_that_is_missing_is_no_reason_to_try_again(error: ErrorType, raised: type[Exception]) -> None:
    class Variables:
        def __getattr__(self, name: str) -> str:
            raise AirflowRuntimeError(ErrorResponse(error=error, detail={"message": f"Variable {name} not found"}))

    operator = TootmillOperator(task_id="stage", arguments=["{{ var.value.tootmill_lake }}"])
    context: Any = {"var": SimpleNamespace(value=Variables()), "params": {}}
    with pytest.raises(raised, match="tootmill_lake"):
        operator.render_template_fields(context, jinja2.Environment())


def test_the_numbers_of_status_are_given_to_prometheus_whatever_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tootmill"
    told = '# TYPE tootmill_findings gauge\\ntootmill_findings{level="error"} 2.0\\n'
    program.write_text(f"#!/bin/sh\nprintf '{told}' > \"$3\"\necho 'error: the stone broke' >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("AIRFLOW__TOOTMILL__PROGRAM", str(program))
    monkeypatch.setenv("AIRFLOW__TOOTMILL__PROMETHEUS", str(tmp_path / "not" / "yet"))
    operator = StatusOperator(task_id="status", arguments=["status"], environment={}, numbers="tootmill_status")
    with pytest.raises(AirflowFailException, match="the stone broke"):
        operator.execute.__wrapped__(operator, {"ti": Try()})
    text = (tmp_path / "not" / "yet" / "tootmill_status.prom").read_text()
    assert 'tootmill_findings{level="error"} 2.0' in text.splitlines()


def test_what_does_not_answer_is_the_error() -> None:
    parts = [
        {"part": "lake", "answers": True, "says": "there", "advice": None},
        {"part": "tables", "answers": False, "says": "connection refused", "advice": "start Thrift"},
    ]
    assert findings(parts) == "tables: connection refused. start Thrift"


def test_days_that_were_done_already_are_not_kept() -> None:
    days = {"2026-11-23": {"was_done": True}, "2026-11-24": {"was_done": False, "rows": 3}}
    assert news({"days": days, "seconds": 1}) == {"days": {"2026-11-24": days["2026-11-24"]}, "seconds": 1}
    assert (news([1]), news({"days": ["a"]})) == ([1], {"days": ["a"]})


def test_what_is_no_json_is_kept() -> None:
    assert (parsed("{}"), parsed(" \n"), parsed("done\n")) == ({}, None, "done\n")


def test_the_environment_is_ours_without_airflows_own(execute: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("TOOTMILL_MILL", "stone")
    connection = {"conn_type": "http", "host": "127.0.0.1", "port": 81, "schema": "http", "password": "a token"}
    monkeypatch.setenv("AIRFLOW_CONN_MILL", json.dumps(connection))
    names = [
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW_CONN_MILL",
        "TOOTMILL_MILL",
        "TOOTMILL_TOKEN",
        "TOOTMILL_FROM",
        "GONE",
    ]
    shown = ",".join(f'\\"${{{name}-none}}\\"' for name in names)
    outcome, _ = execute(f'echo "[{shown}]"', environment={"GONE": ""}, instance_conn_id="mill")
    assert outcome == ["none", "none", "stone", "a token", "http://127.0.0.1:81", "none"]
    outcome, _ = execute(f'echo "[{shown}]"', instance_conn_id="nobody")
    assert outcome[3:5] == ["none", "none"]

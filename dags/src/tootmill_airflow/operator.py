"""The operator that runs `tootmill`: what it says is logged, what it counted is kept, what is wrong is the task's error."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, BaseHook, BaseOperator, BaseOperatorLink, Context
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowRuntimeError,
    ErrorType,
)

from tootmill_airflow import lineage, numbers, settings
from tootmill_airflow.program import Program

if TYPE_CHECKING:
    import jinja2
    from airflow.providers.openlineage.extractors import OperatorLineage

#: What is wrong, in words that stay the same while it goes on: under this key a task that failed says so.
WRONG = "wrong"

#: The page of an application on YARN, in what the program says of its job.
APPLICATION = re.compile(r"https?://\S*application_\d+_\d+/?")


class YarnLink(BaseOperatorLink):
    """The page of the job on the cluster."""

    name = "YARN application"

    def get_link(self, operator: BaseOperator, *, ti_key: object) -> str:  # noqa: ARG002
        """The page, or nothing where there was no job."""
        return getattr(operator, "application", "")


class TootmillOperator(BaseOperator):
    """Runs a command of `tootmill`, without a shell.

    Exit code 75, and a signal, fail the task so that it is tried again; every other failure is final. The outcome is what
    the command writes as JSON. A command that ends with the task leaves no job on the cluster either: it ends its own, and
    the next try of the same work ends first what one before it left.

    :param arguments: the command and its arguments, less `--json`
    :param environment: variables for the command, beside those of the worker; one that is empty is left out
    :param instance_conn_id: a connection whose password is the token, and whose host, if there is one, is asked in place
        of the instance. Without such a connection the program looks for its token itself.
    :param reads: what is read, as URIs, for OpenLineage
    :param writes: what is written
    :param tells: whether the command is asked for its outcome as JSON, which Airflow then keeps
    """

    template_fields: Sequence[str] = ("arguments", "environment", "reads", "writes")
    operator_extra_links = (YarnLink(),)
    ui_color = "#e8f0e4"

    def __init__(
        self,
        *,
        arguments: Sequence[str],
        environment: Mapping[str, str] = settings.ENVIRONMENT,
        instance_conn_id: str | None = None,
        reads: Sequence[str] = (),
        writes: Sequence[str] = (),
        tells: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.arguments = list(arguments)
        self.environment = dict(environment)
        self.instance_conn_id = instance_conn_id
        self.reads = list(reads)
        self.writes = list(writes)
        self.application = ""
        self.tells = tells
        self._program: Program | None = None
        self._was_ended = False

    def render_template_fields(self, context: Context, jinja_env: jinja2.Environment | None = None) -> None:
        """Fills in what was configured; what was not is missing at the next try too."""
        try:
            super().render_template_fields(context, jinja_env)
        except AirflowRuntimeError as failure:
            if failure.error.error != ErrorType.VARIABLE_NOT_FOUND:
                raise
            message = f"{failure}; set it under Admin, Variables, or as AIRFLOW_VAR_… for the workers"
            raise AirflowFailException(message) from failure

    def execute(self, context: Context) -> Any:
        """Runs the command to its end, and gives what it wrote."""
        if (program := shutil.which(settings.program())) is None:
            message = (
                f"{settings.program()} is no program here: AIRFLOW__TOOTMILL__PROGRAM says where it is on the workers"
            )
            raise AirflowFailException(message)
        argv = [program, *self.arguments, *(["--json"] if self.tells else [])]
        self.log.info("%s", " ".join(argv))

        def tell(line: str) -> None:
            self.log.info("%s", line)
            if (found := APPLICATION.search(line)) and found[0] != self.application:
                self.application = found[0]
                # At once, and not only at the end: whoever waits for a job wants to see it.
                context["ti"].xcom_push(key=YarnLink().xcom_key, value=self.application)

        began = time.monotonic()
        self._program = Program(argv, self._variables())
        ended = self._program.wait(tell)
        context["ti"].xcom_push(key="seconds", value=round(time.monotonic() - began, 3))
        outcome = parsed(ended.output)
        if ended.code == 0:
            self._announce(context, outcome)
            return news(outcome) if self.tells else None
        if ended.output.strip():
            self.log.info("%s", ended.output)
        error = f"tootmill {self.arguments[0]}: {findings(outcome) or ended.error}"
        context["ti"].xcom_push(key=WRONG, value=wrong(outcome, ended.error))
        # What was ended with the task did not fail by itself.
        if ended.is_worth_a_retry or self._was_ended:
            raise AirflowException(f"{error} (exit code {ended.code}: worth another try)")
        raise AirflowFailException(f"{error} (exit code {ended.code}: it would fail again)")

    def on_kill(self) -> None:
        """Ends the command, which ends its job on the cluster."""
        self._was_ended = True
        if self._program is not None:
            self._program.end()

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Any, Any]:  # noqa: ARG002
        """What was read and written, for OpenLineage."""
        return lineage.of(self.reads, self.writes)

    def _variables(self) -> dict[str, str]:
        """The command's environment: ours, but for what is Airflow's own business, and what was said."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "_AIRFLOW"))}
        said = {name: value for name, value in self.environment.items() if value}
        return ours | said | self._instance()

    def _instance(self) -> dict[str, str]:
        """The token and the address of the instance, which are in no argument and in no rendered field."""
        if self.instance_conn_id is None:
            return {}
        try:
            connection = BaseHook.get_connection(self.instance_conn_id)
        except AirflowNotFoundException:
            return {}
        found = {"TOOTMILL_TOKEN": connection.password or ""}
        if connection.host:
            port = f":{connection.port}" if connection.port else ""
            found["TOOTMILL_FROM"] = f"{connection.schema or 'https'}://{connection.host}{port}"
        return {name: value for name, value in found.items() if value}

    def _announce(self, context: Context, outcome: Any) -> None:
        """Says of which run's day an asset has something new, and of which days in it."""
        days = outcome.get("days", []) if isinstance(outcome, dict) else []
        for outlet in self.outlets:
            if isinstance(outlet, Asset) and (start := context.get("data_interval_start")):
                context["outlet_events"][outlet].extra = {"date": start.strftime("%Y-%m-%d"), "days": list(days)}


class StatusOperator(TootmillOperator):
    """Runs `tootmill status`, and gives its numbers to Prometheus, whatever it found.

    :param numbers: the name under which they are known there
    """

    def __init__(self, *, numbers: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.numbers = numbers

    def execute(self, context: Context) -> Any:
        """Runs it to its end, and gives what it found."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "numbers")
            self.arguments = [*self.arguments, "--prometheus", str(file)]
            try:
                return super().execute(context)
            finally:
                self._publish(file)

    def _publish(self, file: Path) -> None:
        """What cannot be given away is no reason to hide what was found."""
        try:
            numbers.publish(numbers.told(file.read_text(encoding="utf-8")), self.numbers)
        except OSError:
            self.log.exception("the numbers could not be given to Prometheus")


def parsed(output: str) -> Any:
    """The document that a command wrote, or what it wrote where that is none."""
    try:
        return json.loads(output) if output.strip() else None
    except ValueError:
        return output


def news(outcome: Any) -> Any:
    """An outcome without the days that were done already, which become more every day."""
    if not isinstance(outcome, dict) or not isinstance(outcome.get("days"), dict):
        return outcome
    return outcome | {"days": {day: done for day, done in outcome["days"].items() if not done.get("was_done")}}


def found(outcome: Any) -> list[tuple[str, dict[str, Any]]]:
    """About what `tootmill status` found an error, or what does not answer to `tootmill check`, each with what is said."""
    if isinstance(outcome, list):
        return [(each["part"], each) for each in outcome if isinstance(each, dict) and each.get("answers") is False]
    of_status = outcome.get("findings", []) if isinstance(outcome, dict) else []
    return [(each["about"], each) for each in of_status if each.get("level") == "error"]


def findings(outcome: Any) -> str:
    """What was found, and what to do, a line each."""
    return "\n".join(f"{about}: {one['says']}. {one.get('advice') or ''}".strip() for about, one in found(outcome))


def wrong(outcome: Any, error: str) -> list[str]:
    """What is wrong without the numbers in it, which change while it goes on."""
    known = [f"{one.get('check', '')} {about}" for about, one in found(outcome)]
    return known or [re.sub(r"\d+", "…", error)]

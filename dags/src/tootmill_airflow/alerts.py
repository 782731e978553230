"""Messages to the people who operate this: which day, which task, the error itself, a link, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import BaseNotifier, Connection, Variable, conf
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

from tootmill_airflow import settings
from tootmill_airflow.operator import WRONG

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier
    from airflow.sdk import Context

#: Mail goes by this connection, from the address in its extra `from_email`, to those of the variable.
SMTP_CONNECTION = "tootmill_smtp"
RECIPIENTS = "tootmill_alert_to"
#: What a monitoring run that failed has told of, itself or one before it: an XCom of the task.
TOLD = "told"
#: A webhook in Slack's form, which others understand too.
WEBHOOK_CONNECTION = "tootmill_webhook"


@dataclass(frozen=True)
class Message:
    """What is said, in a line and in full."""

    subject: str
    text: str

    @property
    def html(self) -> str:
        """The text for a mail, which Airflow sends as HTML."""
        from html import escape

        return f"<pre>{escape(self.text)}</pre>"


def about_failure(context: Context) -> Message:
    """A task that failed and is not tried again."""
    ti = context["ti"]
    day, instance = day_of(context), context["params"].get("instance", "")
    error = str(
        context.get("exception") or "the task ended without an error of its own: it was killed, or its worker was lost"
    )
    return Message(
        subject=f"[tootmill] {instance} {day}: {ti.task_id} failed",
        text=written(
            error,
            {
                "day": day,
                "instance": instance,
                "task": f"{ti.dag_id}, {ti.task_id}, try {ti.try_number}",
                "log": ti.log_url,
                "what to do": f"{settings.runbook()}#{section(ti.task_id)}",
            },
        ),
    )


def run_of(context: Any) -> dict[str, Any]:
    """The run that missed a deadline, of which Airflow gives plain data, not objects."""
    run = context.get("dag_run") if isinstance(context, dict) else None
    return run if isinstance(run, dict) else {}


def about_deadline(context: Any, dag: str, instance: str, within: str) -> Message:
    """A run that isn't done in time."""
    run = run_of(context)
    run_id = str(run.get("dag_run_id") or run.get("run_id") or "")
    page = f"{conf.get('api', 'base_url', fallback='')}/dags/{dag}/runs/{quote(run_id)}"
    day = str(run.get("data_interval_start") or run.get("logical_date") or "")[:10]
    return Message(
        subject=f"[tootmill] {instance} {day}: {dag} is not done",
        text=written(
            f"The run was not done {within} after its interval had ended. It goes on.",
            {
                "day": day,
                "instance": instance,
                "run": f"{dag}, {run_id}",
                "page": page,
                "what to do": f"{settings.runbook()}#not-done-in-time",
            },
        ),
    )


def written(error: str, facts: dict[str, str]) -> str:
    """An error and what is known beside it, a line each."""
    return "\n".join([error, "", *(f"{name + ':':<12} {fact}" for name, fact in facts.items())])


def day_of(context: Context) -> str:
    """The day that a run is about."""
    start = context.get("data_interval_start") or context.get("logical_date")
    return start.strftime("%Y-%m-%d") if start else "no day"


def section(task_id: str) -> str:
    """The section of the runbook about a task."""
    return f"{task_id.replace('_', '-')}-failed"


class Alert(BaseNotifier):
    """Sends a message by mail, by webhook, or both, as there are connections.

    :param deadline: what a deadline is about; without it the message is about a task that failed
    """

    template_fields = ()

    def __init__(self, *, deadline: dict[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deadline = deadline

    def notify(self, context: Context) -> None:
        """Sends it; one way that fails does not keep the other from being tried."""
        if known := self._known(context):
            self.log.info("no message: %s", known)
            remember(context)
            return
        message = self._message(context)
        told, failures = 0, list[Exception]()
        for make in (mail, webhook):
            try:
                if (way := make(message)) is not None:
                    way.notify(context)
                    told += 1
            except Exception as failure:
                self.log.exception("a message could not be sent")
                failures.append(failure)
        if told and self.deadline is None:
            remember(context)
        if failures:
            raise failures[0]
        if not told:
            self.log.warning("nobody is told, since there is neither %s nor %s", SMTP_CONNECTION, WEBHOOK_CONNECTION)

    async def async_notify(self, context: Context) -> None:
        """The same from the triggerer, where deadlines are looked after."""
        import asyncio

        await asyncio.to_thread(self.notify, context)

    def _known(self, context: Context) -> str:
        """Why nobody needs to hear of it, if so."""
        if self.deadline is None:
            return "a run before has told of it, and it goes on" if goes_on(context) else ""
        run = run_of(context)
        # Airflow looks at deadlines of runs that have failed too, and a backfill's days are long ago.
        if run.get("state") in {"failed", "success"}:
            return "the run has ended, and its failure was told of"
        return "a backfill has no deadline" if run.get("run_type") == "backfill" else ""

    def _message(self, context: Context) -> Message:
        return about_failure(context) if self.deadline is None else about_deadline(context, **self.deadline)


def mail(message: Message) -> SmtpNotifier | None:
    """A mail, if there is a server for it and somebody who wants it."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    recipients = Variable.get(RECIPIENTS, default="")
    if not recipients or not is_there(SMTP_CONNECTION):
        return None
    to = [address.strip() for address in recipients.split(",") if address.strip()]
    return SmtpNotifier(to=to, subject=message.subject, html_content=message.html, smtp_conn_id=SMTP_CONNECTION)


def webhook(message: Message) -> SlackWebhookNotifier | None:
    """A message to a webhook, if there is one."""
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    if not is_there(WEBHOOK_CONNECTION):
        return None
    text = f"*{message.subject}*\n```{message.text}```"
    return SlackWebhookNotifier(slack_webhook_conn_id=WEBHOOK_CONNECTION, text=text)


def is_there(connection: str) -> bool:
    """Whether Airflow knows the connection."""
    try:
        Connection.get(connection)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return False
    return True


def goes_on(context: Context) -> bool:
    """Whether all that monitoring found was told of by the run before, or known to it: once, and not every hour."""
    ti = context["ti"]
    if (found := monitored(context)) is None or (before := ti.get_previous_dagrun()) is None:
        return False
    told = ti.xcom_pull(task_ids=ti.task_id, key=TOLD, run_id=before.run_id)
    return set(found) <= set(told or [])


def remember(context: Context) -> None:
    """Keeps what was told for the run after this one, where somebody heard of it."""
    if (found := monitored(context)) is not None:
        context["ti"].xcom_push(key=TOLD, value=found)


def monitored(context: Context) -> list[str] | None:
    """What a task of monitoring found to be wrong, if it came to finding something."""
    ti = context.get("ti")
    if ti is None or "monitoring" not in ti.dag_id:
        return None
    found: list[str] | None = ti.xcom_pull(task_ids=ti.task_id, key=WRONG)
    return found


def deadline(dag: str, instance: str, period: timedelta, within: timedelta) -> DeadlineAlert:
    """Tells if a run isn't done so long after the end of its interval, which is a period long.

    The logical date is the beginning of the interval. By the time at which a run was queued it would be simpler, but Airflow
    3.3.2 then cannot clear a run that has failed: it takes the interval for a number.
    """
    said = {"dag": dag, "instance": instance, "within": str(within)}
    callback = AsyncCallback(Alert, kwargs={"deadline": said})
    reference = DeadlineReference.DAGRUN_LOGICAL_DATE
    return DeadlineAlert(reference=reference, interval=period + within, callback=callback)

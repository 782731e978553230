"""Every day: what has been in the lake for long enough goes, as the configuration says.

Raw files and posts go by whole days, accounts that were not seen for long out of what is only counted, and with them what the
observations of deleted posts were. Days are counted back from the end of the run's own.
"""

from datetime import timedelta

from tootmill_airflow import pipeline, settings

for instance in settings.instances():
    period, within = timedelta(days=1), timedelta(hours=12)
    with pipeline.dag("retention", instance, cron="0 5 * * *", period=period, within=within, doc=__doc__):
        pipeline.retain()

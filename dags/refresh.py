"""A day later: the posts of the day before once more, for the favourites, boosts and replies that they got meanwhile.

A run asks the instance again for the posts of all days that are due: of the day before yesterday, which is over for 24 hours
then, and of days that were missed. It brings the tables up to date with what changed, and with what was deleted.
"""

from datetime import timedelta

from tootmill_airflow import pipeline, settings
from tootmill_airflow.announce import announce

for instance in settings.instances():
    period, within = timedelta(days=1), timedelta(hours=12)
    with pipeline.dag("refresh", instance, cron="0 3 * * *", period=period, within=within, doc=__doc__):
        check = pipeline.check(instance)
        refresh = pipeline.collect(instance, "--refresh", task_id="refresh")
        compact = pipeline.compact(instance)
        metrics = pipeline.metrics()
        merge = pipeline.merge()
        load = pipeline.load()
        verify = pipeline.verify()
        metrics_list = pipeline.metrics_list()

        check >> refresh >> compact >> metrics >> merge >> load >> verify
        check >> metrics_list >> load
        verify >> announce(instance, "refresh")

"""A day later: the posts of the day before once more, for the favourites, boosts and replies that they got meanwhile.

A run asks the instance again for the posts of the day before its interval's, which is over for 24 hours then, and brings
the tables up to date with what changed, and with what was deleted.
"""

from datetime import timedelta

from tootmill_airflow import pipeline, settings

#: The day whose posts are due, 24 hours after its end.
DAY = "{{ macros.ds_add(data_interval_start | ds, -1) }}"

for instance in settings.instances():
    with pipeline.dag("refresh", instance, cron="0 3 * * *", within=timedelta(hours=12), doc=__doc__):
        check = pipeline.check(instance)
        refresh = pipeline.collect(instance, "--refresh", "--date", DAY, task_id="refresh")
        compact = pipeline.compact(instance)
        metrics = pipeline.metrics()
        merge = pipeline.merge()
        load = pipeline.load()
        verify = pipeline.verify()
        metrics_list = pipeline.metrics_list()

        check >> refresh >> compact >> metrics >> merge >> load >> verify
        check >> metrics_list >> load

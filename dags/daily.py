"""Every day: what an instance's public timeline showed, into the tables, and a page about them.

Each task runs the command of `tootmill` that has its name; which metrics and tables there are is the program's own
knowledge, so that a new metric needs no change here. Every stage does only what is missing, so a day can be run again, and
days in any order. What to do when a task fails is in docs/operations.md.
"""

from datetime import timedelta

from tootmill_airflow import pipeline, settings
from tootmill_airflow.announce import announce

for instance in settings.instances():
    period, within = timedelta(days=1), timedelta(hours=6)
    with pipeline.dag("daily", instance, cron="0 0 * * *", period=period, within=within, doc=__doc__):
        check = pipeline.check(instance)
        collect = pipeline.collect(instance)
        compact = pipeline.compact(instance)
        metrics = pipeline.metrics()
        merge = pipeline.merge()
        load = pipeline.load()
        verify = pipeline.verify()
        report = pipeline.report()
        metrics_list = pipeline.metrics_list()

        check >> collect >> compact >> metrics >> merge >> load >> verify >> report
        check >> metrics_list >> load
        verify >> [pipeline.look(), announce(instance)]

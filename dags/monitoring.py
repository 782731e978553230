"""Every hour: is what there is fresh, and does the cluster have room for more?

Runs `tootmill status`, which looks at the lake, the tables, HBase and HDFS, and fails at the level of an error. What goes on
for hours is told of once.
"""

from datetime import timedelta

from tootmill_airflow import pipeline, settings

for instance in settings.instances():
    period, within = timedelta(hours=1), timedelta(minutes=50)
    with pipeline.dag("monitoring", instance, cron="30 * * * *", period=period, within=within, doc=__doc__):
        pipeline.status(instance)

"""Tootmill under Airflow: an operator that runs the program, alerts, and what the DAGs have in common."""

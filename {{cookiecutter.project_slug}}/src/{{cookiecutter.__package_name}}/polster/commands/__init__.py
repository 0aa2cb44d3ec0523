"""What `run_polster.py` does: run assets, show how they are, serve Dagster's web UI.

`run`, `status` and `ui` are the three commands; `loading` imports the user's definitions for them.
"""

"""What `run_polster.py` does: run assets, say how they are, show Dagster's web UI."""

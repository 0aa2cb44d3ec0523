"""Tell people that a run failed."""

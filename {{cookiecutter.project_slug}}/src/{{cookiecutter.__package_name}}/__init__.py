"""The pipeline: `definitions` is what Dagster loads, `defs` holds the assets."""

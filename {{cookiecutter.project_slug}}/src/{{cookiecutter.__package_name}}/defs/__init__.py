"""Everything that Dagster loads: the three layers, and resources, schedules and sensors beside them."""

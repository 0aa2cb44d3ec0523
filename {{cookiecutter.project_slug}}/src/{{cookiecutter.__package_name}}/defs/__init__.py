"""What Dagster loads: the three layers; resources, schedules and sensors beside them."""

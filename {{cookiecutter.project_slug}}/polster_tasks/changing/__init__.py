"""Change the project: plan what comes and goes, then apply all of it or nothing."""

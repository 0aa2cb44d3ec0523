"""What data must look like: contracts, reference checks, and steps in bounded memory.

`contract` is a schema and a threshold; `parsing` reads text as the schema's types; `quarantine`
keeps the rows that break a contract; `contract_checks` shows the counts in Dagster.
"""

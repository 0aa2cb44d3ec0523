"""The Medallion Architecture when the project loads: the rule, who breaks it, what layers give."""

"""How frames become files and back: the I/O manager, and the stores that it writes to.

`io_manager` is what Dagster calls. `store` names, scans and writes files; `local_files` and
`scratch` write them safely to a disk; `locations` and `credentials` read the settings.
"""

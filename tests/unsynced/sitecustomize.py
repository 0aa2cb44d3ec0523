"""Python reads this at its start where the tests put this folder on PYTHONPATH.

Dagster's SQLite waits for the disk 1,500 times in a run of six assets: ten seconds on a slow disk.
No test cuts the power, so it need not wait; what a killed process has written stays written.
"""

import contextlib
import sqlite3
from sqlite3 import dbapi2

_connect = sqlite3.connect


def connect(*arguments, **options):
    """Connect, and let the operating system write when it likes."""
    connection = _connect(*arguments, **options)
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA synchronous = OFF")
    return connection


sqlite3.connect = dbapi2.connect = connect

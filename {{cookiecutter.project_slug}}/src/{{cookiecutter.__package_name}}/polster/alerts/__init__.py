"""Tell people about failed runs.

`channels` reads the configuration and sends to every channel; `message` is what is sent, `webhook`
and `mail` are how.
"""

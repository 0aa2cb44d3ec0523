"""The Medallion Architecture when the project loads.

`rule` says what may depend on what, `dependencies` finds what breaks the rule, `defaults` is what a
layer gives its assets, and `enforcement` applies all three to the loaded definitions.
"""

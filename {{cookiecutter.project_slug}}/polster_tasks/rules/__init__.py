"""The rules that `validate` checks: each one a function, with its explanation as docstring.

A family is a file: `structure`, `naming`, `dependencies`, `imports`, `habits`. `rule` holds the
decorator, `registry` checks, filters and explains.
"""

"""The `polster` command: a thin wrapper over cookiecutter and a project's own `polster_tasks`.

`init` and `upgrade` bake the template that travels with this package; every other command hands
over to the project it is called in, so that a project's rules are those of its own vendored copy.
"""

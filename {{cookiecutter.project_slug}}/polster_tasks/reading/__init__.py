"""Read the project's source into a catalog of its assets. Nothing of it is imported or run.

An asset's way: `files` finds and parses its file, `statements` reads what the module says,
`assets` makes it an asset with dependencies, and a rule in `rules/` looks at that. Beside them:

- `module` and `catalog` hold the records, of one file and of the project.
- `expressions`, `definitions` and `imports` read parts of a module; `building` collects them.
- `names` follows names from file to file; `values`, `roles` and `dependencies` read with its help.
"""

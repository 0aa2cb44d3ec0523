"""The rules that `validate` checks: what each one says, and what breaks it."""

"""Bring every file that the template owns to this package's release, and back.

The modules, in the order in which an upgrade uses them, each knowing only those before it:

    paths      what a name in a manifest, a plan or a store may mean: below the project, no links
    documents  JSON that anybody may have written
    manifest   `.polster.json`: what was released into the project
    settings   what an edited pyproject.toml needs
    release    the files that the project gets when it is baked again with its answers
    sequence   the order in which files change
    plan       what becomes of each file; nothing is written
    report     the plan in sentences
    store      the copies that an upgrade keeps, and how far it is
    lock       one command at a time
    apply      all or nothing: the steps of a store, forwards or backwards
    upgrade    the two things that a user can ask for: an upgrade, and its undo
"""

"""Change the project: plan an addition, a removal or an undo, then apply it, all or nothing.

Planning: `adding`, `removing` and `rendering` return a `Change` and write nothing.
Applying: `journal` carries a change out under the `lock`, with the file operations of `disk`.
Trusting: `record` reads what an earlier command wrote, `paths` says which files may be touched.
"""

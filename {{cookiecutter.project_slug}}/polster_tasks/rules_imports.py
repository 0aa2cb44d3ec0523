"""POL3xx: imports and reads that go around the graph."""

from collections.abc import Iterator

from .findings import Place, View, at, rule


@rule("POL301", "missing-import", "error")
def missing_import(view: View) -> Iterator[Place]:
    """An import of something that is not in the project.

    Bad:   from my_pipeline.defs.bronze.order import bronze_orders     there is no order.py
    Good:  from my_pipeline.defs.bronze.orders import bronze_orders
    """
    broken = {sentence.partition(":")[0] for sentence in view.catalog.unreadable}
    for link in view.catalog.links:
        dotted = link.found.dotted
        path = f"src/{dotted.replace('.', '/')}"
        into = {f"{start}.py" for start in (path, path.rpartition("/")[0])}
        if link.kind == "missing" and not link.found.guarded and not into & broken:
            yield at(link, f"There is no {dotted} in this project. Correct the import, or add it.")
    yield from view.spots("import", "{} leads out of the package. Correct the import.")


@rule("POL302", "import-around", "error")
def import_around(view: View) -> Iterator[Place]:
    """A layer's file imports from an asset's file, and not to name a dependency.

    Calling another asset's function, or reading its file's constants, makes a dependency that
    Dagster does not know: nothing is materialized in order, and no layer is checked.

    Bad:   from my_pipeline.defs.bronze.orders import bronze_orders
           def silver_orders(): return bronze_orders()
    Good:  def silver_orders(bronze_orders): ...      or @dg.asset(deps=[bronze_orders])
    """
    declared: dict[str, set[str]] = {}  # by file: the keys that deps=, ins= and checks name
    made: dict[str, set[str]] = {}
    for one in (*view.catalog.assets, *view.catalog.checks):
        named = (each.key for each in one.dependencies if each.how != "parameter")
        declared.setdefault(one.path, set()).update(named)
        made.setdefault(one.path, set()).add(one.key)
    for link in view.catalog.links:
        module, dotted, keys = link.module, link.found.dotted, link.keys
        if not module.layer or not link.layer or link.target == link.path:
            continue
        if link.kind == "module":
            keys = made.get(link.target, ())
        elif keys is None and link.layer == module.layer:
            continue  # a helper, which the files of a layer may share
        named = declared.get(link.path, set()) & set(keys or ())
        if not named or link.found.binding in module.used:
            only = f"a {module.layer} file may import it only to name it in deps= or ins=."
            fix = "Take its data as a parameter instead."
            yield at(link, f"{dotted} belongs to {link.layer}: {only} {fix}")


@rule("POL303", "read-around", "error")
def read_around(view: View) -> Iterator[Place]:
    """A silver or gold file reads a layer's files itself, not the asset as a parameter.

    Dagster then knows nothing of the dependency: no order, no lineage, no layer that is checked.

    Bad:   def silver_orders(bronze_orders): return pl.scan_parquet("data/bronze/orders.parquet")
    Good:  def silver_orders(bronze_orders): return bronze_orders
    """
    fix = "Take the asset as a parameter instead."
    yield from view.spots("read", f"{{}} reads a layer's files around the graph. {fix}")
    landing = f"{view.project.package}.landing."
    for link in view.catalog.links:
        if link.module.layer in ("silver", "gold") and f"{link.found.dotted}.".startswith(landing):
            fix = "Read them in a bronze asset instead."
            yield at(link, f"{link.module.layer} may not read raw files. {fix}")

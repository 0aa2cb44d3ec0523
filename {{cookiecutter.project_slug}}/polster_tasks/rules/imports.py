"""POL3xx: Ways around the graph of assets."""

from collections import defaultdict
from collections.abc import Iterator

from ..project import Project
from ..reading.catalog import Catalog, Link
from ..reading.module import NOT_READ, Kind
from ..reading.names import TargetKind
from .rule import ERROR, Breach, breach, rule


@rule("POL301", "missing-import", ERROR)
def missing_import(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An import names something that is not in the project.

    Bad:   from my_pipeline.defs.bronze.order import bronze_orders     there is no order.py
    Good:  from my_pipeline.defs.bronze.orders import bronze_orders
    """
    for seen in catalog.observed(Kind.OUTSIDE_IMPORT):
        yield breach(seen, f"{seen.text} leads out of the package. Correct the import.")
    not_read = {seen.path for seen in catalog.observed(*NOT_READ)}
    for link in catalog.links:
        if link.kind is not TargetKind.MISSING or link.name.guarded:
            continue
        dotted = link.name.dotted
        as_path = f"src/{dotted.replace('.', '/')}"
        folders = [as_path.rsplit("/", number)[0] for number in range(as_path.count("/"))]
        files = [f"{as_path}.py", f"{as_path.rpartition('/')[0]}.py"]
        if not_read.isdisjoint([*folders, *files]):
            fix = "Correct the import, or add it."
            yield breach(link, f"There is no {dotted} in this project. {fix}")


@rule("POL302", "import-around", ERROR)
def import_around(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """An asset's file is imported for something other than naming a dependency.

    Calling its function, or reading its constants, makes a dependency that Dagster does not know:
    nothing is materialized in order, and no layer is checked.

    Bad:   from my_pipeline.defs.bronze.orders import bronze_orders
           def silver_orders(): return bronze_orders()
    Good:  def silver_orders(bronze_orders): ...      or @dg.asset(deps=[bronze_orders])
    """
    # By file: the keys that it defines, and those that its deps= and ins= name.
    defined: defaultdict[str, set[str]] = defaultdict(set)
    declared: defaultdict[str, set[str]] = defaultdict(set)
    for asset in (*catalog.assets, *catalog.checks):
        defined[asset.path].add(asset.key)
        for dependency in asset.dependencies:
            if dependency.how != "parameter":
                declared[asset.path].add(dependency.key)
    for link in catalog.links:
        if not _crosses_into_an_asset_file(link):
            continue
        keys = defined[link.target] if link.kind is TargetKind.MODULE else set(link.keys or ())
        names_a_dependency = not declared[link.path].isdisjoint(keys)
        if not names_a_dependency or link.name.binding in link.importer.used:
            layer = link.importer.layer
            only = f"a {layer} file may import it only to name it in deps= or ins=."
            message = f"{link.name.dotted} belongs to {link.target_layer}: {only}"
            yield breach(link, f"{message} Take its data as a parameter instead.")


def _crosses_into_an_asset_file(link: Link) -> bool:
    """Tell whether a layer's file imports what another asset's file is for."""
    if not link.importer.layer or not link.target_layer or link.target == link.path:
        return False
    if link.kind is TargetKind.MODULE or link.keys is not None:
        return True
    return link.target_layer != link.importer.layer  # a layer's files may share helpers


@rule("POL303", "read-around", ERROR)
def read_around(project: Project, catalog: Catalog) -> Iterator[Breach]:
    """Silver or gold reads files itself: a dependency that Dagster does not know.

    Bad:   def silver_orders(bronze_orders): return pl.scan_parquet("data/bronze/orders.parquet")
    Good:  def silver_orders(bronze_orders): return bronze_orders
    """
    for seen in catalog.observed(Kind.LAYER_PATH):
        fix = "Take the asset as a parameter instead."
        yield breach(seen, f"{seen.text} reads a layer's files. {fix}")
    layers = {module.path: module.layer for module in catalog.modules}
    fix = "Read them in a bronze asset instead."
    for seen in catalog.observed(Kind.RAW_READ):
        yield breach(seen, f"{layers[seen.path]} may not read raw files. {fix}")
    for link in catalog.links:
        layer = link.importer.layer
        if layer in ("silver", "gold") and _leads_to_raw_files(project, link):
            yield breach(link, f"{layer} may not read raw files. {fix}")


def _leads_to_raw_files(project: Project, link: Link) -> bool:
    """Tell whether an import leads to Polster's readers of raw files, by whatever name."""
    if link.target.startswith(f"src/{project.package}/polster/sources/"):
        return True
    polster = f"{project.package}.polster"
    public = ("sources", "scan_csv", "scan_ndjson", "scan_parquet", "LANDING")
    return f"{link.name.dotted}.".startswith(tuple(f"{polster}.{name}." for name in public))

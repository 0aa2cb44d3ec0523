"""What the generated pipeline costs against other ways to do the same job, as whole processes.

    python benchmarks/storage.py --rows 20_000_000

The job: a CSV of orders and one of customers -> bronze (Parquet, every column text) -> silver
(types, bad quantities out, joined with their customers) -> gold (revenue by country and product).
Every way must give the same gold. CPU is user + system time of the whole process, memory its peak
resident set. The others: pip install -e ".[dev,bench]".
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parents[1]
CUSTOMERS = 500_000
WAYS = {
    "polster": "the generated project: python run_polster.py",
    "polars": "hand-written Polars, scan -> sink",
    "polars_eager": "hand-written Polars, read -> write",
    "pandas": "pandas",
    "duckdb": "DuckDB, COPY (SELECT ...) TO",
}


# ---------------------------------------------------------------- the data


def generate(folder: Path, rows: int) -> None:
    """Write orders.csv and customers.csv; the same rows every time."""
    import polars as pl

    i = pl.col("i")
    pl.LazyFrame({"i": [0]}).select(pl.int_range(0, rows).alias("i")).select(
        order_id=pl.format("O{}", (i.hash(1) % (rows * 10)).cast(pl.String)),
        customer_id=i.hash(2) % (CUSTOMERS * 21 // 20),
        product=pl.format("product {}", i.hash(3) % 1000),
        quantity=(i.hash(4) % 20).cast(pl.Int64) - 1,
        unit_price=(i.hash(5) % 10_000) / 100,
        ordered_at=pl.format("2026-0{}-{}T12:00:00", i.hash(6) % 9 + 1, i.hash(7) % 18 + 10),
        channel=pl.format("channel {}", i.hash(9) % 7),
        discount=(i.hash(10) % 100) / 100,
        reference=pl.format("ref-{}-{}", i.hash(11) % 10_000, i.hash(12) % 10_000),
    ).sink_csv(folder / "orders.csv")
    pl.LazyFrame({"i": [0]}).select(pl.int_range(0, CUSTOMERS).alias("i")).select(
        customer_id=i,
        name=pl.format("Customer {}", i),
        country=pl.format("C{}", i.hash(8) % 50),
    ).sink_csv(folder / "customers.csv")


# ---------------------------------------------------------------- the ways

ASSETS = {
    "bronze/orders": "def bronze_orders():\n    return scan_csv('orders.csv')",
    "bronze/customers": "def bronze_customers():\n    return scan_csv('customers.csv')",
    "silver/sales": """
def silver_sales(bronze_orders: pl.LazyFrame, bronze_customers: pl.LazyFrame):
    return typed(bronze_orders).join(
        bronze_customers.select("customer_id", "country"), on="customer_id"
    )""",
    "gold/revenue": "def gold_revenue(silver_sales):\n    return revenue(silver_sales)",
}
STEPS = """
def typed(orders):
    return orders.select(
        "order_id",
        "customer_id",
        "product",
        pl.col("quantity").cast(pl.Int64),
        pl.col("unit_price").cast(pl.Float64),
        pl.col("ordered_at").str.to_datetime("%Y-%m-%dT%H:%M:%S"),
        "channel",
        pl.col("discount").cast(pl.Float64),
        "reference",
    ).filter(pl.col("quantity") > 0)


def revenue(sales):
    return sales.group_by("country", "product").agg(
        orders=pl.len(), revenue=(
            pl.col("quantity") * pl.col("unit_price") * (1 - pl.col("discount"))
        ).sum()
    )
"""
POLARS = (
    "import sys, datetime\nimport polars as pl\n"
    + STEPS
    + """
folder = sys.argv[1]
for name in ("orders", "customers"):
    pl.scan_csv(
        f"{folder}/{name}.csv", infer_schema=False, include_file_paths="_source_file"
    ).with_columns(
        _ingested_at=pl.lit(datetime.datetime.now(datetime.UTC))
    ).sink_parquet(f"{folder}/bronze_{name}.parquet")
orders, customers = (
    pl.scan_parquet(f"{folder}/bronze_{name}.parquet") for name in ("orders", "customers")
)
typed(orders).join(customers.select("customer_id", "country"), on="customer_id").sink_parquet(
    f"{folder}/silver_sales.parquet"
)
revenue(pl.scan_parquet(f"{folder}/silver_sales.parquet")).sink_parquet(
    f"{folder}/gold_revenue.parquet"
)
"""
)
POLARS_EAGER = (
    "import sys, datetime\nimport polars as pl\n"
    + STEPS
    + """
folder = sys.argv[1]
for name in ("orders", "customers"):
    pl.read_csv(f"{folder}/{name}.csv", infer_schema=False).with_columns(
        _source_file=pl.lit(f"{name}.csv"), _ingested_at=pl.lit(datetime.datetime.now(datetime.UTC))
    ).write_parquet(f"{folder}/bronze_{name}.parquet")
orders, customers = (
    pl.read_parquet(f"{folder}/bronze_{name}.parquet") for name in ("orders", "customers")
)
sales = typed(orders).join(customers.select("customer_id", "country"), on="customer_id")
sales.write_parquet(f"{folder}/silver_sales.parquet")
revenue(pl.read_parquet(f"{folder}/silver_sales.parquet")).write_parquet(
    f"{folder}/gold_revenue.parquet"
)
"""
)
PANDAS = """
import sys, datetime
import pandas as pd

folder = sys.argv[1]
for name in ("orders", "customers"):
    frame = pd.read_csv(f"{folder}/{name}.csv", dtype=str, engine="pyarrow")
    frame["_source_file"] = f"{name}.csv"
    frame["_ingested_at"] = datetime.datetime.now(datetime.UTC)
    frame.to_parquet(f"{folder}/bronze_{name}.parquet", compression="zstd", index=False)
    del frame
columns = ["order_id", "customer_id", "product", "quantity", "unit_price", "ordered_at"]
columns += ["channel", "discount", "reference"]
orders = pd.read_parquet(f"{folder}/bronze_orders.parquet", columns=columns)
orders["discount"] = orders["discount"].astype("float64")
orders["quantity"] = orders["quantity"].astype("int64")
orders["unit_price"] = orders["unit_price"].astype("float64")
orders["ordered_at"] = pd.to_datetime(orders["ordered_at"], format="%Y-%m-%dT%H:%M:%S")
orders = orders[orders["quantity"] > 0]
customers = pd.read_parquet(
    f"{folder}/bronze_customers.parquet", columns=["customer_id", "country"]
)
sales = orders.merge(customers, on="customer_id")
sales.to_parquet(f"{folder}/silver_sales.parquet", compression="zstd", index=False)
del orders, customers, sales
sales = pd.read_parquet(f"{folder}/silver_sales.parquet")
sales["revenue"] = sales["quantity"] * sales["unit_price"] * (1 - sales["discount"])
gold = sales.groupby(["country", "product"], as_index=False).agg(
    orders=("revenue", "size"), revenue=("revenue", "sum")
)
gold.to_parquet(f"{folder}/gold_revenue.parquet", index=False)
"""
DUCKDB = '''
import sys
import duckdb

folder = sys.argv[1]
run = duckdb.connect().execute
for name in ("orders", "customers"):
    run(f"""COPY (
        SELECT * EXCLUDE (filename), filename AS _source_file, now() AS _ingested_at
        FROM read_csv('{folder}/{name}.csv', all_varchar=true, filename=true)
    ) TO '{folder}/bronze_{name}.parquet' (COMPRESSION zstd)""")
run(f"""COPY (
    SELECT order_id, customer_id, product, quantity::BIGINT AS quantity,
        unit_price::DOUBLE AS unit_price, ordered_at::TIMESTAMP AS ordered_at, channel,
        discount::DOUBLE AS discount, reference, country
    FROM '{folder}/bronze_orders.parquet'
    JOIN (SELECT customer_id, country FROM '{folder}/bronze_customers.parquet')
    USING (customer_id) WHERE quantity::BIGINT > 0
) TO '{folder}/silver_sales.parquet' (COMPRESSION zstd)""")
run(f"""COPY (
    SELECT country, product, count(*) AS orders,
        sum(quantity * unit_price * (1 - discount)) AS revenue
    FROM '{folder}/silver_sales.parquet' GROUP BY ALL
) TO '{folder}/gold_revenue.parquet' (COMPRESSION zstd)""")
'''
SCRIPTS = {"polars": POLARS, "polars_eager": POLARS_EAGER, "pandas": PANDAS, "duckdb": DUCKDB}


def bake(folder: Path) -> Path:
    """Bake a project; return its folder."""
    from cookiecutter.main import cookiecutter

    context = {"project_name": "bench", "ci": "none", "starter": "minimal"}
    return Path(
        cookiecutter(str(TEMPLATE), no_input=True, output_dir=str(folder), extra_context=context)
    )


def project_of_the_job(folder: Path) -> Path:
    """Bake a project with the job's four assets, run it on two rows, then give it the data."""
    project = bake(folder)
    landing = project / "data" / "landing"
    for path, function in ASSETS.items():
        file = project / "src" / "bench" / "defs" / f"{path}.py"
        imports = (
            "import dagster as dg\nimport polars as pl\n\nfrom bench.polster import scan_csv\n"
        )
        steps = STEPS if path.startswith(("silver", "gold")) else ""
        file.write_text(f"{imports}{steps}\n\n@dg.asset\n{function}\n", encoding="utf-8")
    for name in ("orders", "customers"):
        with open(folder / f"{name}.csv", encoding="utf-8") as file:
            text = "".join(file.readline() for _ in range(3))
        (landing / f"{name}.csv").write_text(text, encoding="utf-8")
    measure([sys.executable, "run_polster.py"], cwd=project)
    for name in ("orders", "customers"):
        (landing / f"{name}.csv").unlink()
        os.link(folder / f"{name}.csv", landing / f"{name}.csv")
    return project


# ---------------------------------------------------------------- measuring


def measure(argv: list[str], cwd: Path | None = None) -> tuple[float, float, float]:
    """Run a process; return its CPU seconds, its peak memory in MB and its wall seconds."""
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("POLSTER_", "DAGSTER_"))
    }
    begun = time.monotonic()
    process = subprocess.Popen(
        argv, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{argv[:3]} failed:\n{output.decode(errors='replace')[-3000:]}")
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / scale, time.monotonic() - begun


def best(argv: list[str], times: int, cwd: Path | None = None) -> tuple[float, ...]:
    """Measure a process several times; return the least of each number."""
    runs = [measure(argv, cwd) for _ in range(times)]
    for cpu, memory, wall in runs:
        print(f"    {cpu:.1f} CPU s, {memory:,.0f} MB, {wall:.1f} s", file=sys.stderr)
    return tuple(map(min, *runs)) if times > 1 else runs[0]


def gold_of(path: Path) -> list:
    """The answer, to compare: rows, orders and revenue."""
    code = (
        "import sys, json, polars as pl; f = pl.read_parquet(sys.argv[1]); "
        "print(json.dumps([f.height, int(f['orders'].sum()), round(float(f['revenue'].sum()))]))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, check=True)
    return json.loads(done.stdout)


def compare_ways(folder: Path, ways: list[str], repeat: int) -> None:
    """Print the table of the job."""
    measured, answers = {}, {}
    for way in ways:
        if way == "polster":
            project = project_of_the_job(folder)
            measured[way] = best([sys.executable, "run_polster.py"], repeat, cwd=project)
            gold = project / "data" / "gold" / "gold_revenue.parquet"
        else:
            times = repeat if way == "polars" else 1
            measured[way] = best([sys.executable, "-c", SCRIPTS[way], str(folder)], times)
            gold = folder / "gold_revenue.parquet"
        answers[way] = gold_of(gold)
        print(f"  {way} done", file=sys.stderr)
        if way == "polster":
            shutil.rmtree(project)
        for file in folder.glob("*.parquet"):
            file.unlink()
    if len({json.dumps(answer) for answer in answers.values()}) != 1:
        sys.exit(f"The ways do not agree: {answers}")
    base_cpu, base_memory, _ = measured["polster"]
    print("| the same job | CPU s | peak MB | wall s | polster's CPU | polster's memory |")
    print("| --- | --: | --: | --: | --: | --: |")
    for way, (cpu, memory, wall) in measured.items():
        print(
            f"| {WAYS[way]} | {cpu:.1f} | {memory:,.0f} | {wall:.1f} "
            f"| {base_cpu / cpu:.2f}x | {base_memory / memory:.2f}x |"
        )


UNIQUE = """
import sys
sys.path.insert(0, sys.argv[3])
import polars as pl
from bench.polster import unique_by
frame = pl.scan_parquet(sys.argv[1])
one = frame.unique("order_id") if sys.argv[2] == "unique" else unique_by(frame, "order_id")
one.sink_parquet(sys.argv[1] + ".out")
"""


def compare_unique(folder: Path) -> None:
    """Print what de-duplication costs with and without buckets."""
    import_polars = "import sys, polars as pl; pl.scan_csv(sys.argv[1]).sink_parquet(sys.argv[2])"
    rows = folder / "rows.parquet"
    measure([sys.executable, "-c", import_polars, str(folder / "orders.csv"), str(rows)])
    source = str(bake(folder) / "src")
    print("\n| one row for each order_id | CPU s | peak MB |\n| --- | --: | --: |")
    for how, told in (("unique", "`frame.unique(key)`"), ("buckets", "`unique_by(frame, key)`")):
        cpu, memory, _ = measure([sys.executable, "-c", UNIQUE, str(rows), how, source])
        print(f"| {told} | {cpu:.1f} | {memory:,.0f} |")
    rows.unlink()
    Path(f"{rows}.out").unlink()
    shutil.rmtree(folder / "bench")


OVERHEAD = """
import sys, tempfile, time
sys.path.insert(0, sys.argv[1])
import dagster as dg
import polars as pl
from bench.polster import PolarsIOManager

def make(i):
    @dg.asset(name=f"bronze_{i}")
    def bronze() -> pl.LazyFrame:
        return pl.LazyFrame({"id": [1, 2, 3], "text": ["a", "b", "c"], "real": [1.5, 2.5, None]})

    @dg.asset(name=f"silver_{i}", ins={"rows": dg.AssetIn(f"bronze_{i}")})
    def silver(rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.filter(pl.col("id") > 1)

    return [bronze, silver]

assets = [asset for i in range(100) for asset in make(i)]
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral() as instance:
    mine = PolarsIOManager(storage_url=folder)
    manager = mine if sys.argv[2] == "polster" else dg.mem_io_manager
    run = lambda some: dg.materialize(
        some, resources={"io_manager": manager}, instance=instance, run_config=quiet
    )
    run(assets[:2])
    begun = time.process_time()
    run(assets)
    print(1000 * (time.process_time() - begun) / len(assets))
"""


def compare_overhead(folder: Path) -> None:
    """Print what storing costs an asset of three rows, over keeping it in memory."""
    source = str(bake(folder) / "src")

    def median(how: str) -> float:
        argv = [sys.executable, "-c", OVERHEAD, source, how]
        runs = (subprocess.run(argv, capture_output=True, check=True).stdout for _ in range(3))
        return sorted(float(run.split()[-1]) for run in runs)[1]

    memory, stored = median("memory"), median("polster")
    print("\n| an asset of three rows (median of 3 runs of 200) | CPU ms |\n| --- | --: |")
    print(f"| kept by Dagster's mem_io_manager | {memory:.1f} |")
    print(f"| stored, described and read back by Polster's | {stored:.1f} |")
    print(f"| overhead | {stored - memory:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="orders (1,000,000)")
    parser.add_argument(
        "--ways", nargs="+", choices=WAYS, default=list(WAYS), help="all by default"
    )
    parser.add_argument(
        "--repeat", type=int, default=1, help="measure the two that are close N times (1)"
    )
    parser.add_argument("--folder", help="for some GB of temporary files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="polster-bench-") as folder:
        measure([sys.executable, __file__, "--generate", folder, str(options.rows)])
        print(f"{options.rows:,} orders, {CUSTOMERS:,} customers, {os.cpu_count()} cores\n")
        ways = ["polster", *(way for way in options.ways if way != "polster")]
        compare_ways(Path(folder), ways, options.repeat)
        compare_unique(Path(folder))
        compare_overhead(Path(folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--generate"]:  # in a process of its own, so that this one stays small
        generate(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()

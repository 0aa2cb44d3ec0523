"""The same pipeline on S3, Azure and Google Cloud Storage, over HTTP, by configuration alone.

S3 is moto's server, Azure is azurite (from npm, once, into a cached temporary folder). For Google's
store no emulator installs from a registry that speaks the protocol Polars uses, so a stand-in of
some lines does: it proves the way there, not Google's own behaviour.
"""

import base64
import email.utils
import hashlib
import hmac
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import dagster as dg
import polars as pl
import pytest
from polars.io.plugins import register_io_source

pytestmark = pytest.mark.slow

SECRET = "c2VjcmV0LW5ldmVyLXNob3duLXNlY3JldA=="
AZURITE = "azurite@3"
AZURITE_ACCOUNT = "devstoreaccount1"  # the emulator's own, in its documentation
AZURITE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


@pytest.fixture(scope="module")
def s3() -> Iterator[SimpleNamespace]:
    """Settings of a bucket on moto's server."""
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("moto.server")
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield bucket(boto3, f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait()


def bucket(boto3, url: str) -> SimpleNamespace:
    """Create the bucket, and return its settings."""
    boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key=SECRET,
    ).create_bucket(Bucket="lake")
    options = {
        "aws_access_key_id": "k",
        "aws_secret_access_key": SECRET,
        "aws_region": "us-east-1",
        "aws_endpoint_url": url,
        "aws_allow_http": "true",
    }
    return SimpleNamespace(url="s3://lake/polster", options=options, missing="s3://nowhere/x")


@pytest.fixture(scope="module")
def az() -> Iterator[SimpleNamespace]:
    """Settings of a container on azurite."""
    port, folder = free_port(), tempfile.mkdtemp()
    server = subprocess.Popen(
        [str(azurite()), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", folder,
         "--skipApiVersionCheck", "--disableTelemetry", "--silent"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(port)
        endpoint = f"http://127.0.0.1:{port}/{AZURITE_ACCOUNT}"
        create_container(endpoint, "lake")
        options = {
            "account_name": AZURITE_ACCOUNT,
            "account_key": AZURITE_KEY,
            "azure_storage_endpoint": endpoint,
            "azure_allow_http": "true",
        }
        yield SimpleNamespace(url="az://lake/polster", options=options, missing="az://nowhere/x")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def gs() -> Iterator[SimpleNamespace]:
    """Settings of a bucket on the stand-in."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandInForGoogle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    account = {
        "gcs_base_url": f"http://127.0.0.1:{server.server_port}",
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    options = {"google_service_account_key": json.dumps(account)}
    yield SimpleNamespace(url="gs://lake/polster", options=options, missing="gs://nowhere/x")
    server.shutdown()
    server.server_close()


class StandInForGoogle(http.server.BaseHTTPRequestHandler):
    """Puts and gets objects and ranges of one bucket, `lake`, as the XML interface has it."""

    objects: ClassVar[dict[str, bytes]] = {}
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.path.startswith("/lake/"):
            return self.answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        self.objects[self.path] = body
        self.answer(200, b"", ETag='"1"')

    def do_GET(self) -> None:
        data = self.objects.get(self.path)
        if data is None:
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        modified = {"Last-Modified": email.utils.formatdate(usegmt=True)}
        wanted = self.headers.get("Range")
        if wanted is None:
            return self.answer(
                200, data, ETag='"1"', **{"Last-Modified": email.utils.formatdate(usegmt=True)}
            )
        first, last = wanted.removeprefix("bytes=").split("-")
        start = int(first) if first else max(0, len(data) - int(last))
        stop = min(int(last) + 1, len(data)) if first and last else len(data)
        self.answer(
            206,
            data[start:stop],
            ETag='"1"',
            **{
                "Content-Range": f"bytes {start}-{stop - 1}/{len(data)}",
                **modified,
            },
        )

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


def azurite() -> Path:
    """Return azurite's program, installed once; skip, aloud, where that cannot be."""
    cache = Path(tempfile.gettempdir()) / f"polster-tests-{AZURITE.replace('@', '-')}"
    program = (
        cache
        / "node_modules"
        / ".bin"
        / ("azurite-blob.cmd" if os.name == "nt" else "azurite-blob")
    )
    if not program.exists():
        npm = shutil.which("npm")
        partial = Path(tempfile.mkdtemp(prefix="polster-tests-azurite-"))
        failed = "npm is not installed" if npm is None else None
        if npm:
            done = subprocess.run(
                [npm, "install", "--prefix", str(partial), "--no-audit", "--no-fund", AZURITE],
                capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            failed = f"npm could not install it: {done.stderr[-300:]}" if done.returncode else None
        if failed:
            reason = f"AZURE IS NOT TESTED: azurite is not here, {failed}"
            warnings.warn(reason, stacklevel=2)
            pytest.skip(reason)
        try:
            partial.rename(cache)
        except OSError:  # another run was faster
            shutil.rmtree(partial, ignore_errors=True)
    return program


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers on port {port}")


def create_container(endpoint: str, name: str) -> None:
    date = email.utils.formatdate(usegmt=True)
    signed = "PUT" + "\n" * 12 + f"x-ms-date:{date}\nx-ms-version:2021-12-02\n"
    signed += f"/{AZURITE_ACCOUNT}/{AZURITE_ACCOUNT}/{name}\nrestype:container"
    digest = hmac.new(base64.b64decode(AZURITE_KEY), signed.encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-12-02",
        "Authorization": f"SharedKey {AZURITE_ACCOUNT}:{base64.b64encode(digest).decode()}",
        "Content-Length": "0",
    }
    request = urllib.request.Request(
        f"{endpoint}/{name}?restype=container", method="PUT", headers=headers
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


@pytest.fixture(params=["s3", "az", "gs"])
def cloud(request) -> SimpleNamespace:
    return request.getfixturevalue(request.param)


@pytest.fixture
def manager(engine, cloud, request):
    return engine.polster.PolarsIOManager(
        storage_url=f"{cloud.url}/{request.node.name.split('[')[0]}",
        storage_options=json.dumps(cloud.options),
    )


@dg.asset
def bronze_rows() -> pl.LazyFrame:
    return pl.LazyFrame({"id": [1, 2, 3], "name": ["a", None, "ü"]})


@dg.asset
def silver_rows(bronze_rows: pl.LazyFrame) -> pl.LazyFrame:
    return bronze_rows.filter(pl.col("id") > 1)


def test_assets_are_stored_described_and_read_back(manager, materialize):
    result = materialize(bronze_rows, silver_rows, manager=manager)
    assert result.success
    events = {e.step_key: e for e in result.get_asset_materialization_events()}
    found = {k: v.value for k, v in events["silver_rows"].materialization.metadata.items()}
    assert found["dagster/row_count"] == 2
    assert found["size_bytes"] > 100
    assert found["path"].startswith(manager.storage_url)
    assert "| 3 | ü |" in found["preview"]
    stored = manager.store.scan(manager.uri(dg.AssetKey("silver_rows"))).collect()
    assert stored["name"].to_list() == [None, "ü"]
    assert not os.path.exists("s3:") and not os.path.exists("az:")


def test_partitions_fan_in_and_missing_ones_are_named(manager, materialize, error_of):
    days = ["2026-01-01/..", "a|b", "2026-01-02"]

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(days))
    def bronze_daily(context: dg.AssetExecutionContext) -> pl.LazyFrame:
        return pl.LazyFrame({"day": [context.partition_key]})

    @dg.asset
    def silver_all(bronze_daily: pl.LazyFrame) -> pl.LazyFrame:
        return bronze_daily

    for day in days[:2]:
        assert materialize(bronze_daily, manager=manager, partition_key=day).success
    both = (bronze_daily, silver_all)
    lacking = materialize(*both, manager=manager, selection="silver_all")
    assert "lacks 1 of the 3 partitions that are needed here: 2026-01-02" in error_of(lacking)
    assert materialize(bronze_daily, manager=manager, partition_key=days[2]).success
    assert materialize(*both, manager=manager, selection="silver_all").success
    stored = manager.store.scan(manager.uri(dg.AssetKey("silver_all"))).collect()
    assert sorted(stored["day"]) == sorted(days)


def test_an_upstream_that_never_ran_is_named(manager, materialize, error_of):
    result = materialize(bronze_rows, silver_rows, manager=manager, selection="silver_rows")
    assert "bronze_rows has not been materialized yet" in error_of(result)


def test_a_write_that_breaks_midway_leaves_the_old_object(manager, materialize):
    def half(columns, predicate, n_rows, batch_size):
        for batch in range(60):
            if batch == 50:
                raise ValueError("the source broke")
            rows = pl.select(a=pl.int_range(0, 300_000)).with_columns(b=pl.col("a").hash(batch))
            yield rows.with_columns(c=pl.col("a").hash(batch + 1000))

    @dg.asset(name="bronze_rows")
    def breaks() -> pl.LazyFrame:
        return register_io_source(half, schema={"a": pl.Int64, "b": pl.UInt64, "c": pl.UInt64})

    if manager.storage_url.startswith("gs"):
        pytest.skip("the stand-in knows no uploads in parts")
    assert materialize(bronze_rows, manager=manager).success
    assert not materialize(breaks, manager=manager).success
    stored = manager.store.scan(manager.uri(dg.AssetKey("bronze_rows"))).collect()
    assert stored["id"].to_list() == [1, 2, 3]


def test_contracts_quarantine_in_the_store(engine, manager, materialize):
    import dataframely as dy

    class Rows(dy.Schema):
        id = dy.Int64(nullable=False, max=2)

    contract = engine.polster.Contract(Rows, max_bad_share=0.5)

    @dg.asset
    def silver_checked(bronze_rows: pl.LazyFrame) -> pl.LazyFrame:
        return contract.good_rows(bronze_rows)

    assets = (bronze_rows, silver_checked, contract.checks("silver_checked"))
    assert materialize(*assets, manager=manager).success
    bad = manager.store.scan(manager.quarantine_uri(dg.AssetKey("silver_checked"))).collect()
    assert bad["id"].to_list() == [3]


def test_a_bucket_that_is_not_there_is_heard_at_the_start(engine, cloud, materialize):
    manager = engine.polster.PolarsIOManager(
        storage_url=cloud.missing, storage_options=json.dumps(cloud.options)
    )
    started = []

    @dg.asset
    def bronze_x() -> pl.LazyFrame:
        started.append(1)
        return pl.LazyFrame({"a": [1]})

    with pytest.raises(dg.DagsterResourceFunctionError) as caught:
        materialize(bronze_x, manager=manager, raise_on_error=True)
    assert started == []
    sentence = str(caught.value.user_exception)
    assert f"{cloud.missing} cannot be used. Check POLSTER_STORAGE_URL" in sentence
    assert SECRET not in sentence and AZURITE_KEY not in sentence


def test_wrong_credentials_are_heard_at_the_start_and_not_shown(engine, az):
    wrong = "AAAA" + AZURITE_KEY[4:]
    store = engine.store.Store.parse(az.url, json.dumps(az.options | {"account_key": wrong}))
    with pytest.raises(engine.errors.StorageError, match="cannot be used") as caught:
        store.check()
    assert wrong not in str(caught.value)


def test_bronze_keeps_its_history_in_a_bucket_too(engine, s3, materialize):
    pytest.importorskip("deltalake")
    manager = engine.polster.PolarsIOManager(
        storage_url=f"{s3.url}/history",
        storage_options=json.dumps(s3.options),
        bronze_format="delta",
    )
    for _ in range(2):
        assert materialize(bronze_rows, silver_rows, manager=manager).success
    from deltalake import DeltaTable

    uri = manager.uri(dg.AssetKey("bronze_rows"))
    assert DeltaTable(uri, storage_options=s3.options).version() == 1


def test_a_project_runs_on_a_bucket_and_never_shows_the_secret(engine, run, s3, tmp_path):
    """The real command, with the settings of the environment, and everything that it leaves."""
    project = tmp_path / "project"
    shutil.copytree(engine.root, project)
    for layer, name, *upstream in (("bronze", "rows"), ("silver", "rows", "bronze_rows")):
        more = ["--dependencies", *upstream] if upstream else []
        run(project, "-m", "polster_tasks", "add-asset", "--layer", layer, "--name", name, *more)
    env = {
        "POLSTER_STORAGE_URL": f"{s3.url}/project",
        "POLSTER_STORAGE_OPTIONS": json.dumps(s3.options),
    }
    done = run(project, "run_polster.py", "--verbose", env=env)
    assert SECRET not in done.stdout + done.stderr
    assert not (project / "data" / "bronze").exists()
    status = run(project, "run_polster.py", "--status", "--format", "json", env=env)
    assert {asset["row_count"] for asset in json.loads(status.stdout)["assets"]} == {3}
    for file in (project / ".dagster").rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file
    broken = env | {"POLSTER_STORAGE_URL": s3.missing}
    failed = run(project, "run_polster.py", check=False, env=broken)
    assert failed.returncode == 1
    assert "Check POLSTER_STORAGE_URL" in failed.stdout + failed.stderr
    assert SECRET not in failed.stdout + failed.stderr


def test_the_same_by_the_stores_own_variables(engine, run, s3):
    code = (
        "import polars as pl; from engine_lab.polster import PolarsIOManager; "
        "store = PolarsIOManager.from_environment().process_config_and_initialize().store; "
        "print(store.write(pl.LazyFrame({'a': [1]}), store.uri('x')).rows)"
    )
    env = {
        "POLSTER_STORAGE_URL": f"{s3.url}/own",
        **{name.upper(): value for name, value in s3.options.items()},
    }
    assert run(engine.root, "-c", code, env=env).stdout.strip() == "1"

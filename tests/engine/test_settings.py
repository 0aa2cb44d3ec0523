"""What cannot work is refused when the project loads, by the name of the variable."""

import json

import pytest

SECRET = "s3cr3t-value/never+shown="


@pytest.fixture
def parse(engine, monkeypatch):
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AZURE_STORAGE_ACCOUNT_NAME",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ):
        monkeypatch.delenv(name, raising=False)
    return engine.store.Store.parse


NO_BUCKET = "names no (bucket|container) after"
NOT_PLAIN = "holds more than a plain path after its bucket"
BAD_URLS = {
    "is set but empty": ["", " "],
    "begins with .+:, which is not supported": [
        "S3://bucket", "s4://bucket", "file:///data", "http://host/x", "adl://x",
    ],
    NO_BUCKET: [
        "s3:/bucket", "s3://", "s3:bucket", "s3://${BUCKET}/x", "az://", "abfss://container/x",
    ],
    NOT_PLAIN: [
        "s3://bucket/a b", "s3://bucket//x", "s3://bucket/x?versionId=1", "s3://key:secret@bucket",
        "gs://bucket/*", "s3://bucket\n",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("problem", "url"), [(problem, url) for problem, urls in BAD_URLS.items() for url in urls]
)
def test_a_url_that_is_no_place_is_refused_with_what_is_wrong(engine, parse, problem, url):
    with pytest.raises(
        engine.errors.StorageError, match=f"^POLSTER_STORAGE_URL {problem}"
    ) as caught:
        parse(url, "")
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3://bucket", "s3://b.u-c/a/b_c=1/", "gs://bucket/x"])
def test_buckets_are_taken_as_they_are(parse, url):
    assert parse(url).root == url.rstrip("/")
    assert not parse(url).is_local


def test_azure_needs_its_account(engine, parse, monkeypatch):
    with pytest.raises(engine.errors.StorageError, match="AZURE_STORAGE_ACCOUNT_NAME is missing"):
        parse("az://container/x")
    assert parse("abfss://container@account.dfs.core.windows.net/x").root.startswith("abfss://")
    assert parse("az://container", '{"account_name": "a"}').root == "az://container"
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "a")
    assert parse("az://container").root == "az://container"


def test_half_of_the_credentials_is_refused(engine, parse, monkeypatch):
    with pytest.raises(engine.errors.StorageError, match="AWS_SECRET_ACCESS_KEY is missing"):
        parse("s3://bucket", '{"aws_access_key_id": "k"}')
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with pytest.raises(engine.errors.StorageError, match="AWS_ACCESS_KEY_ID is missing") as caught:
        parse("s3://bucket")
    assert SECRET not in str(caught.value)
    assert parse("s3://bucket", '{"aws_access_key_id": "k"}').root == "s3://bucket"


def test_a_google_key_file_must_be_there(engine, parse, monkeypatch):
    assert parse("gs://bucket/x").root == "gs://bucket/x"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    with pytest.raises(engine.errors.StorageError, match="GOOGLE_APPLICATION_CREDENTIALS names"):
        parse("gs://bucket/x")


@pytest.mark.parametrize("options", ["{", "[]", "3", '{"a": null}', '{"a": {"b": 1}}', SECRET])
def test_options_that_are_no_object_are_refused_without_being_shown(engine, parse, options):
    with pytest.raises(
        engine.errors.StorageError, match="POLSTER_STORAGE_OPTIONS is not"
    ) as caught:
        parse("s3://bucket", options)
    assert SECRET not in str(caught.value)


def test_options_without_a_bucket_do_not_go_to_the_local_disk(engine, parse):
    with pytest.raises(engine.errors.StorageError, match="POLSTER_STORAGE_URL names no bucket"):
        parse("data", '{"aws_region": "eu-central-1"}')


def test_secrets_are_not_in_what_is_printed(engine, parse):
    options = json.dumps({"aws_access_key_id": "k", "aws_secret_access_key": SECRET})
    manager = engine.polster.PolarsIOManager(storage_url="s3://bucket", storage_options=options)
    assert SECRET not in f"{manager!r} {manager} {manager.store!r}"
    error = manager.store._unreachable("x", OSError(f"GET ?sig={SECRET}"))
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        ({"aws_secret_access_key": ""}, "GET ab-abc-a b failed"),
        ({"aws_secret_access_key": " "}, "GET ab-abc-a b failed"),
        ({"token": "ab", "secret": "abc"}, "GET ***-***-a b failed"),
        ({"service_account_key": "a\n  b"}, "GET ab-abc-*** failed"),
    ],
    ids=["empty", "a space", "one is part of another", "of several lines"],
)
def test_only_secrets_are_replaced_in_an_answer(engine, options, printed):
    assert engine.credentials.without_secrets("GET ab-abc-a\n b failed", options) == printed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"POLSTER_STORAGE_URL": ""}, "POLSTER_STORAGE_URL is set but empty"),
        ({"POLSTER_STORAGE_URL": "s3:/bucket"}, "POLSTER_STORAGE_URL names no bucket after s3://"),
        ({"POLSTER_STORAGE_OPTIONS": '{"a": "b"}'}, "POLSTER_STORAGE_URL names no bucket"),
        ({"POLSTER_BRONZE_FORMAT": "iceberg"}, "POLSTER_BRONZE_FORMAT is neither"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_project_with_wrong_settings_does_not_load(engine, run, env, said):
    done = run(engine.root, "run_polster.py", check=False, env=env)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (engine.root / "data" / "bronze").exists()

"""Raw files arrive in bronze as they are, or are refused in one sentence."""

import bz2
import gzip
import lzma
import zipfile
from datetime import UTC, datetime

import dagster as dg
import polars as pl
import pytest

CSV = 'code,price,note\n007,1.50,\n012,late,""\n'


@pytest.fixture
def landing(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(engine.files, "LANDING", tmp_path)
    return engine.files


def test_every_column_is_text_as_received(landing, tmp_path):
    (tmp_path / "a.csv").write_text(CSV, encoding="utf-8")
    frame = landing.scan_csv("a.csv").collect()
    assert frame.drop("_ingested_at").to_dict(as_series=False) == {
        "code": ["007", "012"],
        "price": ["1.50", "late"],
        "note": [None, ""],
        "_source_file": ["a.csv", "a.csv"],
    }
    assert frame.schema["_ingested_at"] == pl.Datetime("us", "UTC")
    assert (datetime.now(UTC) - frame["_ingested_at"][0]).total_seconds() < 60


def test_a_column_whose_name_repeats_is_kept(landing, tmp_path):
    (tmp_path / "a.csv").write_text("x,x\n1,2\n", encoding="utf-8")
    frame = landing.scan_csv("a.csv").collect()
    assert frame.columns[:2] == ["x", "x_duplicated_0"] and frame.row(0)[:2] == ("1", "2")


def test_a_pattern_stands_for_several_files_in_order(landing, tmp_path):
    for name in ("b_2.csv", "b_1.csv"):
        (tmp_path / name).write_text(CSV, encoding="utf-8")
    frame = landing.scan_csv("b_*.csv").collect()
    assert frame["_source_file"].to_list() == ["b_1.csv"] * 2 + ["b_2.csv"] * 2


def test_a_name_with_brackets_is_a_name_first(landing, tmp_path):
    (tmp_path / "a[1].csv").write_text(CSV, encoding="utf-8")
    assert landing.scan_csv("a[1].csv").collect()["_source_file"][0] == "a[1].csv"


def test_gzip_and_zstd_are_read(landing, tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    pl.select(a=pl.lit("1")).lazy().sink_csv(tmp_path / "z.csv.zst", compression="zstd")
    assert landing.scan_csv("a.csv.gz").collect().height == 2
    assert landing.scan_csv("z.csv.zst").collect().height == 1


def test_what_polars_would_read_as_nothing_is_refused(landing, tmp_path):
    (tmp_path / "bzip2.csv").write_bytes(bz2.compress(CSV.encode()))
    (tmp_path / "xz.csv").write_bytes(lzma.compress(CSV.encode()))
    with zipfile.ZipFile(tmp_path / "zip.csv", "w") as archive:
        archive.writestr("a.csv", CSV)
    for kind in ("bzip2", "xz", "zip"):
        with pytest.raises(dg.Failure, match=f"compressed with {kind}, which Polars cannot read"):
            landing.scan_csv(f"{kind}.csv")


@pytest.mark.parametrize("name", ["none.csv", "none_*.csv", "", "/none.csv", "**/x.csv"])
def test_a_missing_file_is_one_sentence_with_its_path(landing, name, tmp_path):
    with pytest.raises(dg.Failure, match="There is no file") as caught:
        landing.scan_csv(name)
    assert name in caught.value.description
    assert not caught.value.allow_retries


def test_an_empty_file_is_one_sentence(landing, tmp_path):
    (tmp_path / "a.csv").touch()
    with pytest.raises(dg.Failure, match="empty, without even a header"):
        landing.scan_csv("a.csv")


def test_a_header_alone_is_no_rows(landing, tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n", encoding="utf-8")
    assert landing.scan_csv("a.csv").collect().shape == (0, 4)


def test_other_encodings_are_named_or_read(landing, tmp_path):
    (tmp_path / "l.csv").write_bytes("name\nÅsa\n".encode("latin-1"))
    (tmp_path / "u.csv").write_bytes("name\nÅsa\n".encode("utf-16"))
    assert landing.scan_csv("l.csv", encoding="latin-1").collect()["name"].to_list() == ["Åsa"]
    assert landing.scan_csv("u.csv", encoding="utf-16").collect()["name"].to_list() == ["Åsa"]
    with pytest.raises(dg.Failure, match='encoding="utf-16"'):
        landing.scan_csv("u.csv")


def test_json_lines_keep_a_key_that_comes_late(landing, tmp_path):
    lines = ['{"a": 1}'] * 200 + ['{"a": 1, "late": "x"}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    frame = landing.scan_ndjson("a.jsonl").collect()
    assert frame["late"].drop_nulls().to_list() == ["x"]
    assert frame["_source_file"].unique().to_list() == ["a.jsonl"]


def test_parquet_keeps_its_types(landing, tmp_path):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    frame = landing.scan_parquet("a.parquet").collect()
    assert frame.schema["a"] == pl.Int64
    assert frame.columns == ["a", "_source_file", "_ingested_at"]

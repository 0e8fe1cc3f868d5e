"""Building shipped data: later files stand, the same input gives the same bytes, nothing is left out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from metrics.warehouse.tables import metadata
from metrics.warehouse.tables.base import is_fact, key_columns
from sample_data.published import registry
from sample_data.published.build import main, merged, merged_organisations
from sample_data.published.checking import checked, frame_schema
from sample_data.published.reading import Publication, PublishedTotal, Reading, UnreadableFileError
from sample_data.published.registry import PUBLICATIONS
from sample_data.published.shipment import SHIPPED, read_shipment, shipment_digest, shipped_publications, write_shipment
from sample_data.published.sources import SOURCES, source_files

APRIL, MAY = date(2026, 4, 1), date(2026, 5, 1)


def fft(*rows: tuple[date, str, int], totals: tuple[PublishedTotal, ...] = ()) -> Reading:
    schema = {"period": pl.Date, "org_code": pl.String, "responses": pl.Int64}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
        service=pl.lit("inpatient"), positive=pl.lit(None, pl.Float64), negative=pl.lit(None, pl.Float64)
    )
    names = frame.select("org_code", name=pl.lit(None, pl.String)).unique(maintain_order=True)
    return Reading(era="test", frames={"fact_fft_month": frame}, organisations=names, totals=totals)


def publication(read: object = None) -> Publication:
    return Publication("fft", "FFT", "NHS England", "https://example.org", "monthly", read)  # type: ignore[arg-type]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("one.csv", "two.csv", "three.csv")]
    for path in paths:
        path.write_text(path.name)
    return paths


def total(period: date, value: float, file: str) -> PublishedTotal:
    return PublishedTotal(period, "responses", value, file)


def test_a_later_file_replaces_the_months_that_it_covers(files):
    readings = [
        fft(
            (APRIL, "R0A", 1), (APRIL, "RJ1", 2), (MAY, "R0A", 3), totals=(total(APRIL, 3, "one"), total(MAY, 3, "one"))
        ),
        fft((APRIL, "R0A", 10), totals=(total(APRIL, 10, "two"),)),
        fft((MAY, "R0A", 30), totals=(total(MAY, 30, "three"),)),
    ]
    shipment = merged(publication(), list(zip(files, readings, strict=True)))
    rows = shipment.frames["fact_fft_month"].select("period", "org_code", "responses", "source_file").rows()
    assert rows == [(APRIL, "R0A", 10, "two.csv"), (MAY, "R0A", 30, "three.csv")]
    assert [source.replaced_by for source in shipment.sources] == ["two.csv", None, None]
    assert [len(source.totals) for source in shipment.sources] == [0, 1, 1]
    assert [source.rows_read for source in shipment.sources] == [3, 1, 1]


def test_names_are_those_of_the_last_file_that_gives_one():
    first = pl.DataFrame({"org_code": ["A", "B"], "name": ["old", "b"]})
    last = pl.DataFrame({"org_code": ["A", "B"], "name": ["new", None], "region_code": ["Y56", None]})
    assert merged_organisations([first, last]).rows() == [("A", "new", "Y56"), ("B", "b", None)]


def test_what_is_written_comes_back_and_is_the_same_every_time(files, tmp_path):
    shipment = merged(publication(), [(files[0], fft((APRIL, "R0A", 1), totals=(total(APRIL, 1, "one"),)))])
    write_shipment("fft", shipment, tmp_path / "a")
    write_shipment("fft", shipment, tmp_path / "b")
    back = read_shipment("fft", tmp_path / "a")
    assert back.sources == shipment.sources
    assert back.frames["fact_fft_month"].equals(shipment.frames["fact_fft_month"])
    assert shipment_digest("fft", tmp_path / "a") == shipment_digest("fft", tmp_path / "b")
    assert shipped_publications(tmp_path / "a") == ("fft",)


def test_tables_that_are_no_longer_given_go(files, tmp_path):
    write_shipment("fft", merged(publication(), [(files[0], fft((APRIL, "R0A", 1)))]), tmp_path)
    stale = tmp_path / "fft" / "fact_gone.parquet"
    stale.write_bytes(b"")
    write_shipment("fft", merged(publication(), [(files[0], fft((APRIL, "R0A", 1)))]), tmp_path)
    assert not stale.exists()


def test_a_pattern_without_files_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="cqc-ratings"):
        source_files("cqc_ratings", tmp_path)


def test_the_command_says_what_is_missing(capsys):
    assert main([]) == 2
    assert "SOURCE_DIR" in capsys.readouterr().err
    assert main(["/nowhere", "unheard_of"]) == 2
    assert "No publication unheard_of" in capsys.readouterr().err


# What a reader must not give


def broken(change: pl.Expr) -> Reading:
    reading = fft((APRIL, "R0A", 1), (APRIL, "RJ1", 2))
    frames = {name: frame.with_columns(change) for name, frame in reading.frames.items()}
    return Reading(reading.era, frames, reading.organisations)


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (broken(pl.lit("R0A").alias("org_code")), "2 rows of fact_fft_month share their key.*R0A"),
        (broken(pl.lit(None, pl.Date).alias("period")), "column 'period': fact_fft_month needs a value"),
        (broken(pl.lit("x" * 21).alias("service")), "has 21 characters, fact_fft_month holds 20"),
        (broken(pl.lit(float("nan")).alias("positive")), "column 'positive': fact_fft_month holds nan"),
        (broken(pl.lit(1.5).alias("responses")), "column 'responses': the reader gave Float64"),
        (broken(pl.lit(1).alias("more")), "not wanted .'more'"),
        (broken(pl.col("org_code") + "X"), "holds 'R0AX'.*not named"),
        (Reading("x", {"fact_none": pl.DataFrame()}, pl.DataFrame()), "a table 'fact_none' that the warehouse"),
    ],
)
def test_a_reading_that_does_not_fit_is_refused(reading, message, tmp_path):
    with pytest.raises(UnreadableFileError, match=message):
        checked(tmp_path / "file.csv", reading)


def test_a_null_where_one_is_needed_names_the_code_column(tmp_path):
    with pytest.raises(UnreadableFileError, match="column 'service'"):
        checked(tmp_path / "file.csv", broken(pl.lit(None, pl.String).alias("service")))


# What ships


def test_every_publication_ships_and_has_sources():
    assert set(shipped_publications()) == set(PUBLICATIONS) == set(SOURCES) == set(registry.MODULES)


def test_what_ships_is_small_enough():
    size = sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file())
    assert size < 20_000_000


@pytest.mark.parametrize("name", sorted(PUBLICATIONS))
def test_shipped_rows_fit_their_tables(name):
    shipment = read_shipment(name)
    files = {source.file for source in shipment.sources}
    named = set(shipment.organisations["org_code"])
    assert shipment.frames or shipment.dimensions
    for table_name, frame in shipment.frames.items():
        table = metadata.tables[table_name]
        assert is_fact(table)
        assert {**frame.schema} == {**frame_schema(table), "source_file": pl.String}
        assert not frame.select(key_columns(table)).is_duplicated().any()
        assert set(frame["source_file"]) <= files
        assert set(frame["org_code"]) <= named
    for source in shipment.sources:
        assert len(source.sha256) == 64
        assert source.rows_read > 0 or source.totals  # some files only state totals

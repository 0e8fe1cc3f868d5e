"""Where the warehouse is: defaults, file, environment, and what a mistake says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import platformdirs
import pytest

from metrics.warehouse.connect import open_warehouse
from metrics.warehouse.errors import SettingsError
from metrics.warehouse.settings import checked_url, embedded_url, load_settings
from metrics.warehouse.writing import writing


def test_elsewhere_the_home_is_the_users_data_folder(tmp_path: Path):
    settings = load_settings(tmp_path, {})
    assert settings.home == Path(platformdirs.user_data_dir("bellwether"))
    assert settings.warehouse == f"duckdb:///{settings.home / 'warehouse'}"


def test_in_the_project_the_home_is_beside_it(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "bellwether"\n')
    assert load_settings(tmp_path, {}).home == tmp_path / ".bellwether"


def test_another_project_is_not_ours(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert load_settings(tmp_path, {}).home == Path(platformdirs.user_data_dir("bellwether"))


def test_the_environment_goes_before_the_file(tmp_path: Path):
    (tmp_path / "bellwether.toml").write_text('home = "kept"\nwarehouse = "postgresql://a@h/one"\n')
    assert load_settings(tmp_path, {}).home == tmp_path / "kept"
    assert load_settings(tmp_path, {}).warehouse == "postgresql+psycopg://a@h/one"
    settings = load_settings(
        tmp_path, {"BELLWETHER_HOME": str(tmp_path / "h"), "BELLWETHER_WAREHOUSE": "postgresql://b@h/two"}
    )
    assert (settings.home, settings.warehouse) == (tmp_path / "h", "postgresql+psycopg://b@h/two")


def test_a_password_is_kept():
    assert checked_url("postgresql://a:s3cret@h/one") == "postgresql+psycopg://a:s3cret@h/one"


def test_sections_of_other_parts_are_left_alone(tmp_path: Path):
    (tmp_path / "bellwether.toml").write_text('home = "kept"\n[dashboard]\nport = 8600\n')
    assert load_settings(tmp_path, {}).home == tmp_path / "kept"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('warehous = "x"\n', "no setting 'warehous'. Did you mean 'warehouse'"),
        ("home = 3\n", "'home' must be text"),
        ('warehouse = "no url"\n', "key 'warehouse': 'no url' is not a database URL"),
        ('warehouse = "duckdb:///:memory:"\n', "the embedded warehouse is a folder"),
        ("home = \n", "bellwether.toml: Invalid value"),
    ],
)
def test_a_mistake_in_the_file_says_what_to_write(tmp_path: Path, text, message):
    (tmp_path / "bellwether.toml").write_text(text)
    with pytest.raises(SettingsError) as error:
        load_settings(tmp_path, {})
    assert message in str(error.value)


def test_a_mistake_in_the_environment_names_the_variable(tmp_path: Path):
    with pytest.raises(SettingsError, match="BELLWETHER_WAREHOUSE: 'nonsense' is not a database URL"):
        load_settings(tmp_path, {"BELLWETHER_WAREHOUSE": "nonsense"})


@pytest.mark.parametrize("url", ["mysql://a@h/one", "sqlite:///file.db", "mssql+pyodbc://h/one"])
def test_a_database_of_another_kind_is_refused(url):
    with pytest.raises(SettingsError, match="works with PostgreSQL, Spark and its own embedded warehouse, not '"):
        checked_url(url)


@pytest.mark.parametrize("url", ["postgres://h/one", "postgresql://h/one", "postgresql+psycopg2://h/one"])
def test_postgresql_is_reached_with_the_driver_that_is_installed(url):
    assert checked_url(url) == "postgresql+psycopg://h/one"


def test_a_folder_whose_name_duckdb_cannot_open_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"its path has a '\?'"):
        load_settings(tmp_path, {"BELLWETHER_HOME": str(tmp_path / "odd?")})


def test_a_folder_may_have_almost_any_name(tmp_path: Path):
    folder = tmp_path / "odd#%20 x;&"
    url = embedded_url(folder)
    assert checked_url(url) == url
    with writing(url) as writer:
        writer.changed = True
    assert open_warehouse(url).is_built()
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def folders(root: Path, *names: str) -> list[Path]:
    for name in names:
        (root / name).mkdir()
    return [root / name for name in names]


def test_without_a_word_the_shipped_definitions_alone_are_read(tmp_path: Path):
    settings = load_settings(tmp_path, {})
    assert (settings.definitions, settings.shipped_definitions) == ((), True)


def test_own_definitions_stand_beside_the_shipped_ones_or_in_their_place(tmp_path: Path):
    mine, ours, theirs = folders(tmp_path, "mine", "ours", "theirs")
    (tmp_path / "bellwether.toml").write_text('definitions = ["mine", "ours", "mine"]\nshipped_definitions = false\n')
    settings = load_settings(tmp_path, {})
    assert (settings.definitions, settings.shipped_definitions) == ((mine, ours), False)
    settings = load_settings(
        tmp_path, {"BELLWETHER_DEFINITIONS": f"{theirs}{os.pathsep}mine", "BELLWETHER_SHIPPED_DEFINITIONS": "yes"}
    )
    assert (settings.definitions, settings.shipped_definitions) == ((theirs, mine), True)
    (tmp_path / "bellwether.toml").write_text('definitions = "ours"\n')
    assert load_settings(tmp_path, {}).definitions == (ours,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('definitions = "mine"\n', "bellwether.toml, key 'definitions': there is no folder "),
        ("definitions = [1]\n", "'definitions' must be text"),
        ('shipped_definitions = "perhaps"\n', "'perhaps' is neither yes nor no"),
        ("shipped_definitions = false\n", "without the shipped definitions there are none"),
        ("home = true\n", "'home' must be text"),
    ],
)
def test_a_mistake_about_definitions_says_what_to_write(tmp_path: Path, text, message):
    (tmp_path / "bellwether.toml").write_text(text)
    with pytest.raises(SettingsError, match=re.escape(message)):
        load_settings(tmp_path, {})


def test_a_mistake_about_definitions_in_the_environment_names_the_variable(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"BELLWETHER_DEFINITIONS: there is no folder .*nowhere"):
        load_settings(tmp_path, {"BELLWETHER_DEFINITIONS": "nowhere"})


def test_writers_are_names_with_commas_or_a_list(tmp_path: Path):
    assert load_settings(tmp_path, {}).writers == ()
    (tmp_path / "bellwether.toml").write_text('writers = ["ada@nhs.example", "grace@nhs.example"]\n')
    assert load_settings(tmp_path, {}).writers == ("ada@nhs.example", "grace@nhs.example")
    (tmp_path / "bellwether.toml").write_text('writers = "ada@nhs.example"\n')
    assert load_settings(tmp_path, {}).writers == ("ada@nhs.example",)
    said = {"BELLWETHER_WRITERS": "grace@nhs.example , alan@nhs.example,,grace@nhs.example"}
    assert load_settings(tmp_path, said).writers == ("grace@nhs.example", "alan@nhs.example")
    assert load_settings(tmp_path, {"BELLWETHER_WRITERS": ""}).writers == ()
    (tmp_path / "bellwether.toml").write_text("writers = 3\n")
    with pytest.raises(SettingsError, match="'writers' must be text"):
        load_settings(tmp_path, {})


def test_a_server_makes_forecasts_unless_it_is_told_not_to(tmp_path: Path):
    assert load_settings(tmp_path, {}).forecasts
    (tmp_path / "bellwether.toml").write_text("forecasts = false\n")
    assert not load_settings(tmp_path, {}).forecasts
    assert load_settings(tmp_path, {"BELLWETHER_FORECASTS": "yes"}).forecasts
    with pytest.raises(SettingsError, match="BELLWETHER_FORECASTS: 'perhaps' is neither yes nor no"):
        load_settings(tmp_path, {"BELLWETHER_FORECASTS": "perhaps"})

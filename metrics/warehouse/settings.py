"""Where the warehouse and the definitions are: `bellwether.toml`, `BELLWETHER_*`, or the defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
import sqlalchemy as sa

from metrics.warehouse.errors import DatabaseUrlError, SettingsError
from metrics.warehouse.spark.url import BACKEND as SPARK
from metrics.warehouse.spark.url import checked_spark_url

FILE = "bellwether.toml"
_KEYS = ("home", "warehouse", "definitions", "shipped_definitions", "writers", "forecasts")
# What stands between the members of a list in the environment.
_LISTS = {"definitions": os.pathsep, "writers": ","}
_YES_OR_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Settings:
    """Where Bellwether keeps its files, and which database holds the data.

    Attributes:
        home: folder of the embedded warehouse and of everything else that is kept.
        warehouse: SQLAlchemy URL. `duckdb:///FOLDER` is the embedded warehouse in that folder.
        definitions: folders of definitions of your own.
        shipped_definitions: whether the definitions that ship with Bellwether are read too.
        writers: sign-in names, e-mail addresses as a rule, of those who may write into the journal.
        forecasts: whether the server makes forecasts; of several beside one warehouse, one is enough.
    """

    home: Path
    warehouse: str
    definitions: tuple[Path, ...] = ()
    shipped_definitions: bool = True
    writers: tuple[str, ...] = ()
    forecasts: bool = True


def load_settings(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Returns the settings that hold in `folder` (the working directory).

    `BELLWETHER_HOME` and `BELLWETHER_WAREHOUSE` go before `home` and `warehouse` of `bellwether.toml`,
    which go before the defaults: `.bellwether` beside our own `pyproject.toml`, else the user's data
    folder; and the embedded warehouse in `home`. `BELLWETHER_DEFINITIONS` and `definitions` name folders
    of definitions that are read beside those that ship; with `BELLWETHER_SHIPPED_DEFINITIONS=no` or
    `shipped_definitions = false`, in their place. `BELLWETHER_WRITERS` and `writers` name those who may write. With
    `BELLWETHER_FORECASTS=no` or `forecasts = false` the server makes no forecasts.

    Raises:
        SettingsError: a key that is not known, or a value that cannot be used.
    """
    folder = folder or Path.cwd()
    environ = os.environ if environ is None else environ
    written = _written(folder / FILE)
    home = _home(folder, written, environ)
    place, url = "BELLWETHER_WAREHOUSE", environ.get("BELLWETHER_WAREHOUSE", "")
    if not url:
        place, url = f"{FILE}, key 'warehouse'", written.get("warehouse", "")
    own, shipped = _definitions(folder, written, environ)
    writers = _names(environ.get("BELLWETHER_WRITERS", written.get("writers", "")))
    forecasts = _yes("forecasts", written, environ)
    if not url:
        return Settings(home, embedded_url(home / "warehouse"), own, shipped, writers, forecasts)
    try:
        return Settings(home, checked_url(url), own, shipped, writers, forecasts)
    except DatabaseUrlError as error:
        raise SettingsError(f"{place}: {error}") from error


def embedded_url(folder: Path) -> str:
    """Returns the URL of the embedded warehouse in `folder`.

    Raises:
        DatabaseUrlError: DuckDB cannot keep its files there.
    """
    if "?" in str(folder.resolve()):
        raise DatabaseUrlError(f"the embedded warehouse cannot be kept in {folder}: its path has a '?'. Rename it.")
    return file_url(folder.resolve()).render_as_string()


def file_url(path: Path) -> sa.URL:
    """Returns the URL of a DuckDB file or folder; its path may hold any character."""
    return sa.URL.create("duckdb", database=str(path))


def checked_url(url: str) -> str:
    """Returns the URL, with the driver that Bellwether uses.

    Raises:
        DatabaseUrlError: it is not a database URL, is of a database that Bellwether does not work with, or
            names a single DuckDB file.
    """
    example = "Write for example postgresql://user:password@host/database, or duckdb:///folder."
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise DatabaseUrlError(f"'{url}' is not a database URL. {example}") from error
    if parsed.get_backend_name() == "duckdb":
        if not parsed.database or parsed.database == ":memory:" or Path(parsed.database).is_file():
            raise DatabaseUrlError(f"the embedded warehouse is a folder, not '{parsed.database}'. {example}")
        return embedded_url(Path(parsed.database))
    if parsed.get_backend_name() == SPARK:
        return checked_spark_url(parsed)
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        problem = f"Bellwether works with PostgreSQL, Spark and its own embedded warehouse, not '{parsed.drivername}'."
        raise DatabaseUrlError(f"{problem} {example}")
    parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)


def _home(folder: Path, written: Mapping[str, str], environ: Mapping[str, str]) -> Path:
    said = environ.get("BELLWETHER_HOME") or written.get("home")
    if said:
        home = (folder / Path(said).expanduser()).resolve()
        if home.exists() and not home.is_dir():
            raise SettingsError(f"BELLWETHER_HOME: {home} is a file. Name a folder.")
        return home
    if _is_ours(folder / "pyproject.toml"):
        return folder.resolve() / ".bellwether"
    return Path(platformdirs.user_data_dir("bellwether"))


def _definitions(folder: Path, written: Mapping[str, str], environ: Mapping[str, str]) -> tuple[tuple[Path, ...], bool]:
    """Returns the folders of definitions of one's own, and whether the shipped ones are read too."""
    place, said = "BELLWETHER_DEFINITIONS", environ.get("BELLWETHER_DEFINITIONS")
    if said is None:
        place, said = f"{FILE}, key 'definitions'", written.get("definitions", "")
    parts = [part.strip() for part in said.split(os.pathsep)]
    named = tuple(dict.fromkeys((folder / Path(part).expanduser()).resolve() for part in parts if part))
    for each in named:
        if not each.is_dir():
            raise SettingsError(f"{place}: there is no folder {each}. Make it, or name another.")
    shipped = _yes("shipped_definitions", written, environ)
    if not shipped and not named:
        said_there = environ.get("BELLWETHER_SHIPPED_DEFINITIONS")
        place = "BELLWETHER_SHIPPED_DEFINITIONS" if said_there else f"{FILE}, key 'shipped_definitions'"
        raise SettingsError(f"{place}: without the shipped definitions there are none. Name a folder in 'definitions'.")
    return named, shipped


def _yes(key: str, written: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Returns whether a setting is yes, which it is where nothing is said."""
    name = f"BELLWETHER_{key.upper()}"
    said = environ.get(name) or written.get(key, "yes")
    if said.strip().casefold() not in _YES_OR_NO:
        place = name if environ.get(name) else f"{FILE}, key '{key}'"
        raise SettingsError(f"{place}: '{said}' is neither yes nor no. Write one of them.")
    return _YES_OR_NO[said.strip().casefold()]


def _names(said: str) -> tuple[str, ...]:
    """Returns the names in a text that has commas between them, each once."""
    return tuple(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))


def _is_ours(project: Path) -> bool:
    try:
        return bool(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["name"] == "bellwether")
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return False


def _written(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}.") from error
    for key, value in found.items():
        if isinstance(value, dict):
            continue  # a section of another part of the product
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else f" The keys are {', '.join(_KEYS)}."
            raise SettingsError(f"{path}: there is no setting '{key}'.{hint}")
        if not isinstance(value, str) and not _may_be(key, value):
            raise SettingsError(f"{path}: '{key}' must be text, for example {key} = \"...\".")
    return {key: _as_text(key, value) for key, value in found.items() if not isinstance(value, dict)}


def _may_be(key: str, value: Any) -> bool:
    if key in _LISTS:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return key in {"shipped_definitions", "forecasts"} and isinstance(value, bool)


def _as_text(key: str, value: Any) -> str:
    """Returns the value as the environment would say it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _LISTS[key].join(value) if isinstance(value, list) else str(value)

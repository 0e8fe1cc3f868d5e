"""What holds for the whole project: its layout, its imports, its promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import typer

from sample_data.published.registry import PUBLICATIONS

PROJECT = Path(__file__).parent.parent
SCRIPTS = Path(sys.executable).parent
PACKAGES = ("dashboard", "metrics", "models", "sample_data")
FOLDERS = {*PACKAGES, "tests", "benchmarks", "docs"}
ROOMS = {
    "dashboard": {"components", "viewmodels", "views"},
    "metrics": {
        "catalogue",
        "definitions",
        "governance",
        "interchange",
        "journal",
        "programme",
        "query",
        "spc",
        "warehouse",
    },
    "sample_data": {"published", "simulator", "feed"},
}
COMMANDS = {"run", "load", "check", "metrics", "query", "explain", "export", "import"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
LONGEST_MODULE = 600
MADE_HERE = {"__pycache__", "build", "dist", "test-artifacts"}
TEXT = {".py", ".md", ".toml", ".yml", ".yaml", ".json", ".lock", ".css", ".svg", ".sh", ""}
# Assembled, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile("|".join(rf"(?<![\w.])/{name}/" for name in ("work", "tmp", "root", "home")))
REGISTRIES = re.compile("py" + r"pi\.org|python" + r"hosted\.org|index-url|find-links", re.IGNORECASE)


def project_files() -> list[Path]:
    """Returns the files that belong to the project: not hidden, not built here."""
    known = (".ci", ".streamlit", ".gitignore")
    roots = [path for path in PROJECT.iterdir() if not path.name.startswith(".") or path.name in known]
    files = [file for root in roots for file in ([root] if root.is_file() else root.rglob("*"))]
    return [
        file for file in files if file.is_file() and not MADE_HERE & set(file.parts) and ".egg-info" not in str(file)
    ]


def modules() -> list[Path]:
    return [path for path in project_files() if path.suffix == ".py"]


def pyproject() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


def named(requirements: list[str]) -> set[str]:
    return {re.match(r"[A-Za-z0-9_.-]+", line).group().lower().replace("_", "-") for line in requirements}


def test_imports_keep_to_the_contracts():
    done = subprocess.run(
        [SCRIPTS / "lint-imports", "--no-logo", "--no-cache"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_layout_is_the_one_in_the_architecture():
    folders = {path.name for path in PROJECT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    assert folders - MADE_HERE - {"bellwether.egg-info"} == FOLDERS
    for package, rooms in ROOMS.items():
        found = {path.name for path in (PROJECT / package).iterdir() if path.is_dir()} - MADE_HERE
        assert found <= rooms, f"{package}/ has rooms that the architecture does not know"


def test_every_folder_with_modules_is_a_package():
    folders = {path.parent for path in modules() if path.relative_to(PROJECT).parts[0] in PACKAGES}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_no_module_is_too_long():
    lengths = {path.relative_to(PROJECT): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_no_module_has_a_name_that_says_nothing():
    assert [path for path in modules() if path.stem in VAGUE_NAMES or path.parent.name in VAGUE_NAMES] == []


def test_no_file_names_a_place_on_one_machine():
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:120]}"
        for path in project_files()
        if path.suffix in TEXT and "shipped" not in path.parts
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if MACHINE_PATHS.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_names_no_registry_and_checks_every_hash(lock):
    text = (PROJECT / lock).read_text("utf-8")
    requirements = re.findall(r"^[A-Za-z0-9].*?(?=^[A-Za-z0-9]|\Z)", text, flags=re.MULTILINE | re.DOTALL)

    assert REGISTRIES.search(text) is None
    assert "://" not in text
    assert len(requirements) > 50
    assert [line.split()[0] for line in requirements if "--hash=sha256:" not in line] == []


def test_the_lock_files_hold_what_the_project_asks_for():
    project = pyproject()
    locked = {
        lock: named(re.findall(r"^[A-Za-z0-9][^ ]*==", (PROJECT / lock).read_text("utf-8"), re.MULTILINE))
        for lock in ("requirements.lock", "requirements-dev.lock")
    }
    runtime = named(project["project"]["dependencies"] + project["dependency-groups"]["build"])

    assert runtime - locked["requirements.lock"] == set()
    assert named(project["dependency-groups"]["dev"]) - locked["requirements-dev.lock"] == set()
    assert locked["requirements.lock"] - locked["requirements-dev.lock"] == set()


def test_every_publication_is_attributed():
    text = (PROJECT / "DATA_LICENCES.md").read_text("utf-8")
    rows = [f"| {p.title} | {p.publisher} | <{p.source}> |" for p in PUBLICATIONS.values()]

    assert "Contains public sector information licensed under the Open Government Licence v3.0." in text
    assert [row for row in rows if row not in text] == []
    assert {p.licence for p in PUBLICATIONS.values()} == {"Open Government Licence v3.0"}


def test_every_command_and_each_of_its_options_teaches():
    (script,) = entry_points(group="console_scripts", name="bellwether")
    assert script.value == "dashboard.cli:main"
    from dashboard.cli import app

    commands = typer.main.get_command(app).commands
    untaught = [
        f"{name} {parameter.name}"
        for name, command in commands.items()
        for parameter in command.params
        if not parameter.help and parameter.name != "help"
    ]
    assert set(commands) >= COMMANDS
    assert [name for name, command in commands.items() if len(command.help or "") < 20] == []
    assert untaught == []


def test_streamlit_accepts_the_settings():
    done = subprocess.run(
        [SCRIPTS / "streamlit", "config", "show"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    settings = tomllib.loads((PROJECT / ".streamlit" / "config.toml").read_text("utf-8"))

    assert "not a valid config option" not in done.stdout + done.stderr
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["runner"]["postScriptGC"] is False


def test_make_alone_shows_what_can_be_made():
    outside_make = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "--no-print-directory"], cwd=PROJECT, env=outside_make, capture_output=True, text=True, check=True
    )
    assert {line.split()[1] for line in done.stdout.splitlines()} == {
        *("bench", "clean", "help", "lint", "lock", "run", "test")
    }

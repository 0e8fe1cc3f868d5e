"""Links in the documents lead somewhere: files are there, and so are the tests that a claim rests on."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from metrics import Grain, MetricsLayer, Request
from metrics.catalogue import SHIPPED, check

PROJECT = Path(__file__).parent.parent
DOCUMENTS = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md"), *PROJECT.glob("tests/**/README.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if "://" in link or link.startswith(("#", "mailto:")):
            continue
        target, _, part = link.partition("#")
        file = (document.parent / target).resolve()
        assert file.exists(), f"{document.name} links to {target}, which is not there"
        if part.startswith("test_"):
            assert re.search(rf"^def {part}\(", file.read_text(encoding="utf-8"), re.MULTILINE), link


def test_every_yes_of_the_comparison_links_to_a_test() -> None:
    rows = (PROJECT / "docs" / "compared.md").read_text(encoding="utf-8").splitlines()
    ours = [row.split(" | ")[1] for row in rows if row.startswith("| ") and not row.startswith("| Capability")]
    assert len(ours) >= 35
    yes = [cell for cell in ours if cell.startswith(("Y", "[Y"))]
    assert len(yes) >= 20
    assert all("#test_" in cell for cell in yes)


def test_the_metric_that_the_documents_add_checks_and_gives_its_number(shipped_warehouse: str, tmp_path: Path) -> None:
    written = (PROJECT / "docs" / "add_a_metric.md").read_text(encoding="utf-8")
    metric, charting, table = re.findall(r"```yaml\n(.*?)```", written, re.DOTALL)
    place = "    owner: Chief operating officer\n"
    (tmp_path / "urgent_care.yml").write_text(metric.replace(place, charting + place, 1), encoding="utf-8")
    (tmp_path / "clinic.yml").write_text(table, encoding="utf-8")
    catalogue, findings = check([SHIPPED, tmp_path])
    assert catalogue is not None
    assert [finding for finding in findings if finding.file in ("urgent_care.yml", "clinic.yml")] == []
    assert catalogue.metric("ae_minor_share").chart.kind == "pp"
    assert [phase.baseline_points for phase in catalogue.metric("ae_minor_share").phases] == [12]
    layer = MetricsLayer.open(shipped_warehouse, definitions=[SHIPPED, tmp_path], today=lambda: date(2026, 11, 1))
    march = {"grain": Grain.MONTH, "period_from": date(2026, 3, 1), "period_to": date(2026, 3, 31)}
    frame = layer.ask(Request.of("ae_minor_share", "ae_minor_share_12m", **march)).frame
    assert frame.select("numerator", "denominator").rows() == [(898_735, 2_432_272), (10_243_110, 27_976_025)]
    (test,) = catalogue.metric("ae_minor_share").tests
    assert frame["value"][0] == pytest.approx(test.expect, abs=test.tolerance)

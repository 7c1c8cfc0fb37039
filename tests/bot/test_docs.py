"""The docs say what the code says: maps, settings, commands, staff lines, metrics, links."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.cli import app
from bot.metrics import Metrics
from bot.settings import Settings
from scripts import docs

ROOT = Path(docs.__file__).parents[1]
READMES = ("README.md", "README.pt-BR.md")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NOTICE = re.compile(r"""(?:notice|_line|_notice)\([^"'\n]*["']([a-z_]+(?:\.[a-z_]+)*)["'],""")


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def anchors(page: Path) -> set[str]:
    """Names of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_maps_of_the_dialogues_are_up_to_date() -> None:
    assert docs.PAGE.read_text("utf-8") == docs.page(), "run: .venv/bin/python -m scripts.docs"


@pytest.mark.parametrize("name", READMES)
def test_the_readme_has_every_setting_and_no_other(name: str) -> None:
    rows = re.findall(r"^\| (\*\*)?`([A-Z_]+)`", text(name), re.MULTILINE)
    fields = {field.upper(): info.is_required() for field, info in Settings.model_fields.items()}
    assert {variable: bool(bold) for bold, variable in rows} == fields


def test_the_example_environment_has_every_setting() -> None:
    named = set(re.findall(r"BALCAO_([A-Z_]+)=", text(".env.example")))
    assert named >= {field.upper() for field in Settings.model_fields}


@pytest.mark.parametrize("name", READMES)
def test_the_readme_has_every_command(name: str) -> None:
    cells = [line.split(" | ")[0] for line in text(name).splitlines() if line.startswith("| `balcao ")]
    told = {word for cell in cells for word in re.findall(r"`balcao (\w+)", cell)}
    assert told == {command for command in app if not command.startswith("-")}


def test_every_line_for_staff_is_explained() -> None:
    code = "".join(
        path.read_text("utf-8")
        for package in ("handlers", "conversations", "scheduler")
        for path in sorted((ROOT / package).rglob("*.py"))
    )
    kinds = {kind for kind in NOTICE.findall(code) if "_" in kind.strip("_") or "." in kind}
    assert len(kinds) > 20
    page = text("docs/operations.md")
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in page] == []


def test_alerts_ask_for_metrics_that_are_there() -> None:
    told = Metrics().render().decode()
    names = {line.split()[2] for line in told.splitlines() if line.startswith("# TYPE")}
    rules = yaml.safe_load(text("docs/alerts.yml"))["groups"][0]["rules"]
    asked = {name for rule in rules for name in re.findall(r"balcao_\w+", rule["expr"])}
    assert asked
    assert asked <= names | {f"{name}_total" for name in names}


def test_the_service_of_systemd_finds_its_settings() -> None:
    (unit,) = re.findall(r"```ini\n(.*?)```", text("docs/operations.md"), re.DOTALL)
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read_string(unit)
    assert found["Service"]["User"] == "balcao"
    assert f"`{found['Service']['WorkingDirectory']}/.env`" in text("docs/operations.md")
    command, *words = found["Service"]["ExecStart"].split()
    assert (command, *words) == ("/opt/balcao/bin/balcao", "serve")


def test_what_an_alert_counts_is_counted_from_the_start() -> None:
    """From nothing to one is no increase: the first event of a label that was not there would be missed."""
    families = text_string_to_metric_families(Metrics().render().decode())
    samples = [sample for family in families for sample in family.samples]
    rules = yaml.safe_load(text("docs/alerts.yml"))["groups"][0]["rules"]
    asked = [found for rule in rules for found in re.findall(r"(?:increase|rate)\((\w+)\{(.*?)\}\[", rule["expr"])]
    assert len(asked) == sum(len(re.findall(r"(?:increase|rate)\(", rule["expr"])) for rule in rules) > 0
    for name, selector in asked:
        labels = dict(re.findall(r'(\w+)="(.*?)"', selector))
        there = [one for one in samples if one.name == name and labels.items() <= one.labels.items()]
        assert there, (name, labels)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if link.startswith("http"):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link

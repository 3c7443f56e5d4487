"""The pages say what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.__main__ import VERBS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("resources/**/*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_code_map_names_files_that_exist() -> None:
    folders = ("app", "core", "scripts", "tests", "training")
    files = [path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("*.py")]
    named = re.findall(r"`([\w/]+\.py)`", (ROOT / "ARCHITECTURE.md").read_text("utf-8"))
    assert named
    assert [name for name in named if not any(f"/{file}".endswith(f"/{name}") for file in files)] == []


def test_the_readme_shows_verbs_that_exist() -> None:
    shown = set(re.findall(r"\bmoodlight (\w+) ", (ROOT / "README.md").read_text("utf-8")))
    assert {"score", "evaluate"} <= shown
    assert shown - {"VERB"} <= VERBS

"""Two versions of Balcão: the one that stands here, and a made-up next one with migrations of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from storage.migrate import head

HERE = Path(__file__).parents[2]
NEXT = "balcao-next"
"""What the next version calls itself in its answers."""

_HEAD = '''"""Made up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.migrations.online import create_index, leaves_behind

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
'''
COLUMNS = """    op.add_column("events", sa.Column("made_up", sa.String(20)))
    op.add_column("outbox", sa.Column("made_up", sa.String(20), server_default="x"))
    op.create_table("made_up", sa.Column("id", sa.Integer, primary_key=True))
"""
INDEX = """    create_index("ix_events_made_up", "events", ["made_up"])
"""
CONTRACTION = """    op.drop_column("events", "made_up")
    leaves_behind("9001")
"""


def add_migrations(versions: Path, *bodies: str) -> None:
    """One after another, numbered from 9001 on."""
    before = str(head())
    for number, body in enumerate(bodies, 9001):
        text = _HEAD.format(revision=number, before=before) + body
        (versions / f"{number}_made_up.py").write_text(text, "utf-8")
        before = str(number)


def next_version(folder: Path) -> Path:
    """A home of code: this version's, but for its name and two migrations that the former can live with."""
    folder.mkdir()
    for package in ("scheduler", "conversations", "handlers"):
        (folder / package).symlink_to(HERE / package)
    for package in ("bot", "storage"):
        shutil.copytree(HERE / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    middleware = folder / "bot" / "http" / "middleware.py"
    source = middleware.read_text("utf-8")
    assert source.count('["Server"] = "balcao"') == 1
    middleware.write_text(source.replace('["Server"] = "balcao"', f'["Server"] = "{NEXT}"'), "utf-8")
    add_migrations(folder / "storage" / "migrations" / "versions", COLUMNS, INDEX)
    return folder


def migrations_with(folder: Path, *bodies: str) -> Path:
    """A copy of the migrations' folder with made-up ones more, for `storage.migrate.FOLDER`."""
    target = folder / "migrations"
    source = HERE / "storage" / "migrations"
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    add_migrations(target / "versions", *bodies)
    return target

"""A role as the application should have."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.unit_of_work import make_engine


@pytest.fixture
async def plain(postgresql_url: str) -> AsyncIterator[AsyncEngine]:
    """Engine of a role that is neither superuser nor owner nor exempt from policies."""
    role = f"balcao_test_plain_{os.getpid()}"
    admin = make_engine(postgresql_url)
    async with admin.begin() as connection:
        await connection.execute(text(f"drop role if exists {role}"))
        await connection.execute(text(f"create role {role} login nosuperuser nobypassrls password 'plain'"))
        await connection.execute(text(f"grant select, insert, update, delete on all tables in schema public to {role}"))
        await connection.execute(text(f"grant usage on all sequences in schema public to {role}"))
    address = make_url(postgresql_url).set(username=role, password="plain")
    engine = make_engine(address.render_as_string(hide_password=False))
    yield engine
    await engine.dispose()
    async with admin.begin() as connection:
        await connection.execute(text(f"drop owned by {role}"))
        await connection.execute(text(f"drop role {role}"))
    await admin.dispose()

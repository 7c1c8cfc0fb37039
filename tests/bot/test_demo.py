"""`balcao demo`: one command, one address, nothing left behind."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from aiohttp import ClientSession

from tests.bot.processes import Running, started, until


async def address(demo: Running) -> str:
    """What it prints on standard output, once it has."""

    async def look() -> str | None:
        found = re.search(r"http://127\.0\.0\.1:\d+", demo.said)
        return found[0] if found else None

    return await until(look, "the address")


async def test_it_starts_by_itself_prints_one_address_and_ends_politely(tmp_path: Path) -> None:
    async with started(tmp_path / "demo", "demo", "--port", "0", env={}) as demo:
        url = await address(demo)
        async with ClientSession() as client, client.get(url) as answer:
            page = await answer.text()
            assert answer.status == 200
        assert "<html" in page
        assert await demo.stop() == 0
        assert demo.said.count("http://") == 1
        assert demo.complained == ""
        assert {file.name for file in demo.folder.iterdir()} == {"stdout", "stderr"}


async def test_data_are_kept_where_told_and_a_taken_port_is_one_line(tmp_path: Path) -> None:
    kept = tmp_path / "not" / "yet" / "there"
    async with started(tmp_path / "first", "demo", "--port", "0", "--data", str(kept), env={}) as first:
        port = (await address(first)).rpartition(":")[2]
        async with started(tmp_path / "second", "demo", "--port", port, env={}) as second:
            assert await second.ended() == 1
            assert second.complained.splitlines() == [
                f"balcao: cannot listen on 127.0.0.1 port {port}: Address already in use (--port chooses another)"
            ]
        assert await first.stop() == 0
    assert (kept / "demo.db").stat().st_size > 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", int(port)))

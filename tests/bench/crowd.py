"""The load: people who sign up, each answering only what was answered to them, and the Graph that hears the replies.

Run as a process of its own: `python -m tests.bench.crowd '{...}'` with the fields of `Plan`; prints one JSON line.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import ClientError, ClientSession, TCPConnector, web

from tests.bench.measure import Use, percentile, pin, run
from tests.bot.http_support import ACCOUNT, NUMBER

TURNS = 40
"""Turns of one person; then a newcomer takes the place (Meta lets 45 messages to one person through at once)."""
GIVE_UP = 20.0
"""Seconds after which a reply is counted as missing."""
STATUSES = 0.05
"""Seconds for which statuses are gathered into one webhook call (Meta sends them in batches when there are many)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`waits`: whether people wait for the reply at the Graph, or (a ruler that never replies) for the 200 alone."""

    server: str
    graph_port: int
    secret: str
    people: int
    seconds: float
    warm_up: float
    pid: int
    core: int | None
    waits: bool = True


@dataclass(slots=True)
class Person:
    phone: str
    cpf: str
    reply: asyncio.Future[dict[str, Any]] | None = None
    replied_at: float = 0.0


@dataclass(slots=True)
class Tally:
    """What was measured within the window; times in seconds."""

    turns: int = 0
    missing: int = 0
    refused: int = 0
    calls: int = 0
    acks: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)


class Crowd:
    def __init__(self, plan: Plan, client: ClientSession) -> None:
        self._plan = plan
        self._client = client
        self._secret = plan.secret.encode()
        self._url = f"{plan.server}/webhooks/whatsapp"
        self._by_phone: dict[str, Person] = {}
        self._statuses: list[dict[str, Any]] = []
        # Nobody and nothing of a former run on the same database comes back.
        self._run = int(time.time()) % 100_000
        self._wamids = 0
        self._phones = 0
        self.tally = Tally()

    # --- the Graph --------------------------------------------------------------------------------------------------

    async def hear(self, request: web.Request) -> web.Response:
        """`POST /v…/{number}/messages`: taken at once, unchecked."""
        now = time.perf_counter()
        body = orjson.loads(await request.read())
        if body.get("status") == "read":
            return _json({"success": True})
        wamid = self._wamid()
        phone = str(body["to"]).lstrip("+")
        person = self._by_phone.get(phone)
        if person is not None and person.reply is not None and not person.reply.done():
            person.replied_at = now
            person.reply.set_result(body)
        opaque = body.get("biz_opaque_callback_data")
        self._statuses += [_status(wamid, phone, opaque, state) for state in ("sent", "delivered", "read")]
        return _json({"messages": [{"id": wamid}], "contacts": [{"wa_id": phone}]})

    async def tell_statuses(self) -> None:
        while True:
            await asyncio.sleep(STATUSES)
            told, self._statuses = self._statuses, []
            if told:
                await self._post({"statuses": told})

    # --- people -----------------------------------------------------------------------------------------------------

    async def one_after_another(self) -> None:
        """One place in the crowd: a person, then the next."""
        while True:
            person = self._newcomer()
            try:
                await self._sign_up(person)
            finally:
                del self._by_phone[person.phone]

    async def _sign_up(self, person: Person) -> None:
        heard: dict[str, Any] = {}
        for number, words in zip(range(TURNS), script(person), strict=False):
            said = join(heard) if number == 1 else None
            found = await self._turn(person, said or {"type": "text", "text": {"body": words}})
            if found is None:
                return
            heard = found

    async def _turn(self, person: Person, said: dict[str, Any]) -> dict[str, Any] | None:
        person.reply = asyncio.get_running_loop().create_future()
        message = {"from": person.phone, "id": self._wamid(), "timestamp": str(int(time.time())), **said}
        contact = {"profile": {"name": "Pessoa Exemplo"}, "wa_id": person.phone}
        before, tally = time.perf_counter(), self.tally
        if not await self._post({"contacts": [contact], "messages": [message]}):
            tally.refused += 1
            await asyncio.sleep(0.05)
            return None
        tally.acks.append(time.perf_counter() - before)
        if not self._plan.waits:
            tally.turns += 1
            return {}
        try:
            async with asyncio.timeout(GIVE_UP):
                heard = await person.reply
        except TimeoutError:
            tally.missing += 1
            return None
        tally.turns += 1
        tally.whole.append(person.replied_at - before)
        return heard

    def _newcomer(self) -> Person:
        self._phones += 1
        number = self._run * 1_000 + self._phones
        person = Person(f"55119{number % 100_000_000:08d}", cpf(number))
        self._by_phone[person.phone] = person
        return person

    def _wamid(self) -> str:
        self._wamids += 1
        return f"wamid.{self._run}.{self._wamids:010d}"

    async def _post(self, value: dict[str, Any]) -> bool:
        metadata = {"display_phone_number": "5511999990000", "phone_number_id": NUMBER}
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        entry = {"id": ACCOUNT, "changes": [change]}
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})
        headers = {"X-Hub-Signature-256": "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()}
        self.tally.calls += 1
        try:
            async with self._client.post(self._url, data=body, headers=headers) as answer:
                return answer.status == 200
        except ClientError:
            return False


def script(person: Person) -> Iterator[str]:
    """What somebody writes who signs up with a slip, and then cannot decide about a birth date. The second is a tap."""
    yield from ("oi", "quero fazer parte", "Ana Paula Exemplo", "111.111.111-11", person.cpf)
    while True:
        yield from ("15/05/1990", "voltar")


def join(heard: dict[str, Any]) -> dict[str, Any] | None:
    """A tap on the button or list row that begins the sign-up, if the message offers one."""
    action = (heard.get("interactive") or {}).get("action") or {}
    rows = [row for section in action.get("sections", ()) for row in section["rows"]]
    offered = [button["reply"] for button in action.get("buttons", ())] + rows
    option = next((one for one in offered if one["id"].endswith(".join")), None)
    if option is None:
        return None
    kind = "list_reply" if rows else "button_reply"
    return {"type": "interactive", "interactive": {"type": kind, kind: {"id": option["id"], "title": option["title"]}}}


def cpf(number: int) -> str:
    """A CPF with the right check digits, of nobody in particular."""
    digits = [int(char) for char in f"{number:09d}"]
    for first in (10, 11):
        total = sum(digit * weight for digit, weight in zip(digits, range(first, 1, -1), strict=True))
        digits.append(total * 10 % 11 % 10)
    return "".join(map(str, digits))


def _status(wamid: str, phone: str, opaque: object, state: str) -> dict[str, Any]:
    pricing = {"billable": True, "pricing_model": "PMP", "category": "service", "type": "regular"}
    return {
        "id": wamid, "status": state, "timestamp": str(int(time.time())), "recipient_id": phone,
        "biz_opaque_callback_data": opaque, "pricing": pricing,
    }  # fmt: skip


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


async def measure(plan: Plan) -> dict[str, Any]:
    async with ClientSession(connector=TCPConnector(limit=0)) as client:
        crowd = Crowd(plan, client)
        runner = await _graph(crowd, plan.graph_port)
        tasks = [asyncio.create_task(crowd.one_after_another()) for _ in range(plan.people)]
        tasks.append(asyncio.create_task(crowd.tell_statuses()))
        await asyncio.sleep(plan.warm_up)
        crowd.tally, before, begun, own = Tally(), Use.of(plan.pid), time.perf_counter(), time.process_time()
        await asyncio.sleep(plan.seconds)
        tally, after, took = crowd.tally, Use.of(plan.pid), time.perf_counter() - begun
        busy = (time.process_time() - own) / took
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
        await runner.cleanup()
    return _report(tally, before, after, took) | {"crowd_busy": round(busy, 2)}


async def _graph(crowd: Crowd, port: int) -> web.AppRunner:
    app = web.Application()
    app.router.add_post("/{version}/{number}/messages", crowd.hear)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


def _report(tally: Tally, before: Use, after: Use, took: float) -> dict[str, Any]:
    """Latencies in ms, CPU in ms a turn, memory in MB."""
    turns = max(tally.turns, 1)
    return {
        "turns_per_second": round(tally.turns / took, 1),
        "ack_ms": [round(percentile(tally.acks, share) * 1000, 1) for share in (0.5, 0.99)],
        "whole_ms": [round(percentile(tally.whole, share) * 1000, 1) for share in (0.5, 0.99)],
        "cpu_ms_per_turn": round((after.cpu_seconds - before.cpu_seconds) * 1000 / turns, 3),
        "server_busy": round((after.cpu_seconds - before.cpu_seconds) / took, 2),
        "peak_mb": round(after.peak_bytes / 1e6),
        "webhook_calls_per_turn": round(tally.calls / turns, 2),
        "missing": tally.missing,
        "refused": tally.refused,
    }


def main() -> None:
    plan = Plan(**orjson.loads(sys.argv[1]))
    pin(plan.core)
    print(orjson.dumps(run(measure(plan))).decode())


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()

"""A stateful fake of Meta's Cloud API: what the application sends to is judged and remembered, and people write back.

It refuses what Meta refuses, tells statuses by signed webhooks, and breaks on demand (`faults`). All time comes from
the clock it is given. In tests the webhooks of statuses wait for `settle`; with `auto` they leave by themselves while
its application runs. It is the whole of Meta for the demo and for tests; nothing knows that it is not the real one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web

from bot.simulator.meta.answers import error_answer
from bot.simulator.meta.courier import Courier, Posted
from bot.simulator.meta.faults import Faults
from bot.simulator.meta.gate import Verdict, judge
from bot.simulator.meta.graph import Graph
from bot.simulator.meta.hands import Hands
from bot.simulator.meta.inspector import Inspector, Problem
from bot.simulator.meta.orders import apply_order
from bot.simulator.meta.people import Person
from bot.simulator.meta.state import Bubble, Media, Order, State, new_wamid
from bot.simulator.meta.statuses import failure, progress, steps_for
from bot.simulator.meta.taps import answers_of
from bot.simulator.meta.templates import Template, shown
from handlers.ports import Clock

TYPING = timedelta(seconds=25)
READ_LIFE = timedelta(days=30)
_ENVELOPE = ("messaging_product", "recipient_type", "to", "recipient", "biz_opaque_callback_data")


class FakeMeta(Hands):
    """One business number at Meta, and everyone who may write to it."""

    def __init__(
        self,
        clock: Clock,
        app_secret: str,
        webhook_url: str,
        session: aiohttp.ClientSession,
        phone_number_id: str,
        business_account_id: str,
        access_token: str,
        display_phone_number: str,
        *,
        auto: bool = False,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.phone_number_id = phone_number_id
        self.access_token = access_token
        self.sleep = sleep
        self.refusals: list[tuple[int, str, Any]] = []
        """Code, details and body of every refused request."""
        metadata = {"display_phone_number": display_phone_number.lstrip("+"), "phone_number_id": phone_number_id}
        faults, state = Faults(), State()
        courier = Courier(clock, app_secret, webhook_url, session, faults, business_account_id, metadata, sleep)
        super().__init__(clock, state, faults, courier, display_phone_number, auto=auto)

    @property
    def webhook_url(self) -> str:
        return self.courier.webhook_url

    @webhook_url.setter
    def webhook_url(self, address: str) -> None:
        self.courier.webhook_url = address

    @property
    def chats(self) -> dict[str, list[Bubble]]:
        """Bubbles in order, by `Person.key`."""
        return self.state.chats

    @property
    def media(self) -> dict[str, Media]:
        return self.state.media

    @property
    def orders(self) -> dict[str, Order]:
        return self.state.orders

    @property
    def webhook_log(self) -> list[Posted]:
        return self.courier.log

    def app(self) -> web.Application:
        """The Graph API as an aiohttp application; with `auto` it also runs the courier."""
        app = Graph(self).app()
        if self.auto:
            app.cleanup_ctx.append(self._courier_running)
        return app

    def register(self, *templates: Template) -> None:
        """Have these templates at Meta, in the status they carry."""
        self.state.templates.update({(template.name, template.language): template for template in templates})

    def take(self, body: Any) -> tuple[int, dict[str, Any]]:
        """Judge a send: HTTP status and answer. An accepted one is in the chat, its statuses are queued."""
        verdict = judge(self.state, body, self.clock.now(), self.display_phone_number)
        code = self.faults.next_code()
        problem = Problem(code, "fault", "asked for by the simulator") if code is not None else verdict.problem
        if problem is None:
            return 200, self._accept(body, verdict, None)
        self.note_refusal(problem.code, f"{problem.where}: {problem.what}", body)
        if problem.code in self.faults.by_webhook and verdict.person is not None:
            return 200, self._accept(body, verdict, problem)
        return error_answer(problem.code, f"{problem.where}: {problem.what}")

    def mark_read(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Blue ticks up to that message, and "typing…" if asked for."""
        problem = self._read_problem(body)
        if problem is not None:
            self.note_refusal(problem.code, f"{problem.where}: {problem.what}", body)
            return error_answer(problem.code, f"{problem.where}: {problem.what}")
        message_id = body["message_id"]
        for bubble in self.state.chat_of(message_id):
            if bubble.direction == "in":
                bubble.status = "read"
            if bubble.id == message_id:
                break
        if "typing_indicator" in body:
            self.state.typing_until[self.state.key_of(message_id)] = self.clock.now() + TYPING
        return 200, {"success": True}

    def note_refusal(self, code: int, details: str, body: Any) -> None:
        self.refusals.append((code, details, body))

    def fail(self, message_id: str, code: int, details: str = "told by the simulator") -> None:
        """Queue a `failed` status for a message that was accepted before."""
        bubble = self.state.bubble(message_id)
        if bubble is None:
            raise LookupError(message_id)
        person = next(person for person in self.state.people if person.key == self.state.key_of(message_id))
        bubble.status = "failed"
        bubble.errors.append(code)
        self.courier.put([failure(person, bubble, code, details, self.clock.now())])

    async def settle(self, *, together: bool = False) -> None:
        """Deliver every queued webhook, and those that come of it. `together`: all that waits now in one body."""
        await self.courier.flush(together=together)

    def _read_problem(self, body: dict[str, Any]) -> Problem | None:
        inspector = Inspector()
        inspector.fields(body, "body", ("messaging_product", "status", "message_id"), ("typing_indicator",))
        inspector.one_of(body.get("status"), "status", ("read",))
        if "typing_indicator" in body:
            typing = inspector.fields(body["typing_indicator"], "typing_indicator", ("type",))
            inspector.one_of((typing or {}).get("type"), "typing_indicator.type", ("text",))
        bubble = self.state.bubble(str(body.get("message_id")))
        if bubble is None or bubble.direction != "in" or self.clock.now() - bubble.at > READ_LIFE:
            inspector.note("message_id", "is not a message received in the last 30 days")
        return inspector.problems[0] if inspector.problems else None

    def _accept(self, body: dict[str, Any], verdict: Verdict, problem: Problem | None) -> dict[str, Any]:
        person = verdict.person
        if person is None:
            raise LookupError("a message without recipient cannot be accepted")
        message = {key: value for key, value in body.items() if key not in _ENVELOPE}
        bubble = Bubble(new_wamid(), "out", self.clock.now(), message, "sent", body.get("biz_opaque_callback_data"))
        if problem is None:
            self._remember(person, bubble, verdict.template)
        else:
            self.state.put(person.key, bubble)
            self.fail(bubble.id, problem.code, problem.what)
        accepted = {"id": bubble.id, **({"message_status": "accepted"} if bubble.type == "template" else {})}
        return {"messaging_product": "whatsapp", "contacts": [_contact(body, person)], "messages": [accepted]}

    def _remember(self, person: Person, bubble: Bubble, template: Template | None) -> None:
        now = self.clock.now()
        bubble.shown = shown(template, bubble.message["template"]) if template is not None else None
        bubble.answers = answers_of(bubble.message, template)
        self.state.put(person.key, bubble)
        self.state.pace.count(now, person.key)
        self.state.typing_until.pop(person.key, None)
        apply_order(self.state.orders, bubble.message, bubble.id)
        category = template.category if template is not None else "service"
        for step in steps_for(person, bubble):
            bubble.status = step
            self.courier.put([progress(person, bubble, step, now, category)])

    async def _courier_running(self, app: web.Application) -> AsyncIterator[None]:
        task = asyncio.create_task(self.courier.run(), name="fake-meta-courier")
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _contact(body: dict[str, Any], person: Person) -> dict[str, Any]:
    """`wa_id` in WhatsApp's own form, which may differ from the number sent to; none for a BSUID."""
    if body.get("to") is not None:
        return {"input": body["to"], "wa_id": person.wa_id, "user_id": person.bsuid}
    return {"input": person.bsuid, "user_id": person.bsuid}

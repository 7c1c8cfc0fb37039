"""What can be tapped on a message, and the inbound message that a tap becomes."""

from __future__ import annotations

from typing import Any

from bot.simulator.meta.state import Bubble
from bot.simulator.meta.templates import Template, payloads


def answers_of(message: dict[str, Any], template: Template | None) -> dict[str, str]:
    """Id to label of every reply button, list row or template quick reply."""
    if template is not None:
        return payloads(template, message["template"])
    if message["type"] != "interactive":
        return {}
    return {row["id"]: row["title"] for row in _offers(message)}


def tap(bubble: Bubble, answer_id: str) -> dict[str, Any]:
    """The message a person sends by tapping `answer_id` on that bubble, without its context."""
    if bubble.type == "template":
        return {"type": "button", "button": {"payload": answer_id, "text": bubble.answers[answer_id]}}
    kind = "list_reply" if bubble.message["interactive"]["type"] == "list" else "button_reply"
    row = next(row for row in _offers(bubble.message) if row["id"] == answer_id)
    reply = {key: row[key] for key in ("id", "title", "description") if key in row}
    return {"type": "interactive", "interactive": {"type": kind, kind: reply}}


def _offers(message: dict[str, Any]) -> list[dict[str, Any]]:
    action = message["interactive"]["action"]
    rows = [row for section in action.get("sections", []) for row in section["rows"]]
    return [button["reply"] for button in action.get("buttons", [])] + rows

"""Limits of interactive messages: buttons, lists, links, requests and flows. Orders have a file of their own.

Source: Cloud API documentation, pages "Interactive ... messages"; OpenAPI description v23.0 for button ids and bodies.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.simulator.meta.inspector import MISSING, Inspector
from bot.simulator.meta.limits_media import inspect_media
from bot.simulator.meta.limits_orders import inspect_order_details, inspect_order_status

BODY = 1024
HEADER = 60
FOOTER = 60
BUTTONS = 3
BUTTON_TITLE = 20
BUTTON_ID = 256
LIST_BUTTON = 20
ROWS = 10
SECTIONS = 10
ROW_ID = 200
ROW_TITLE = 24
ROW_DESCRIPTION = 72
SECTION_TITLE = 24
FLOW_CTA = 20
_ANY_HEADER = ("text", "image", "video", "document")
_HEADERS: dict[str, tuple[str, ...]] = {
    "button": _ANY_HEADER,
    "list": ("text",),
    "cta_url": _ANY_HEADER,
    "flow": _ANY_HEADER,
    "order_details": ("image",),
}
_FOOTERS = frozenset({"button", "list", "cta_url", "flow", "order_details", "order_status"})
_NAMES = {
    "cta_url": "cta_url",
    "location_request_message": "send_location",
    "request_contact_info": "request_contact_info",
    "flow": "flow",
    "order_details": "review_and_pay",
    "order_status": "review_order",
}
_WITH_PARAMETERS = frozenset({"cta_url", "flow", "order_details", "order_status"})


def inspect_interactive(inspector: Inspector, value: Any, now: datetime | None) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _actions(now):
        inspector.note("interactive.type", f"{kind} is not a supported type", MISSING if kind is None else 131051)
        return
    optional = (("header",) if kind in _HEADERS else ()) + (("footer",) if kind in _FOOTERS else ())
    interactive = inspector.fields(value, "interactive", ("type", "body", "action"), optional)
    if interactive is None:
        return
    _captioned_text(inspector, interactive.get("body"), "interactive.body", BODY)
    if "footer" in interactive:
        _captioned_text(inspector, interactive["footer"], "interactive.footer", FOOTER)
    if "header" in interactive and kind in _HEADERS:
        _header(inspector, interactive["header"], _HEADERS[kind])
    if interactive.get("action") is not None:
        _action(inspector, interactive["action"], kind, now)


def _actions(now: datetime | None) -> dict[str, Callable[[Inspector, dict[str, Any]], None]]:
    """What inspects the action of each type; for a type with a name and parameters, the parameters."""
    return {
        "button": _buttons,
        "list": _list,
        "cta_url": _cta_url,
        "location_request_message": lambda inspector, action: None,
        "request_contact_info": lambda inspector, action: None,
        "flow": _flow,
        "order_details": lambda inspector, order: inspect_order_details(inspector, order, now),
        "order_status": inspect_order_status,
    }


def _action(inspector: Inspector, value: Any, kind: str, now: datetime | None) -> None:
    where = "interactive.action"
    name = _NAMES.get(kind)
    if name is None:
        if isinstance(value, dict):
            _actions(now)[kind](inspector, value)
        else:
            inspector.note(where, "must be an object")
        return
    required = ("name", "parameters") if kind in _WITH_PARAMETERS else ("name",)
    action = inspector.fields(value, where, required)
    if action is None:
        return
    inspector.one_of(action.get("name"), f"{where}.name", (name,))
    if isinstance(action.get("parameters"), dict):
        _actions(now)[kind](inspector, action["parameters"])
    elif action.get("parameters") is not None:
        inspector.note(f"{where}.parameters", "must be an object")


def _captioned_text(inspector: Inspector, value: Any, where: str, most: int) -> None:
    if value is None:
        return
    holder = inspector.fields(value, where, ("text",))
    if holder is not None:
        inspector.text(holder.get("text"), f"{where}.text", most)


def _header(inspector: Inspector, value: Any, allowed: tuple[str, ...]) -> None:
    where = "interactive.header"
    kind = value.get("type") if isinstance(value, dict) else None
    if kind is None or inspector.one_of(kind, f"{where}.type", allowed) is None:
        if kind is None:
            inspector.note(f"{where}.type", "required parameter is missing", MISSING)
        return
    header = inspector.fields(value, where, ("type", kind))
    if header is None or header.get(kind) is None:
        return
    if kind == "text":
        inspector.text(header["text"], f"{where}.text", HEADER, one_line=True)
    else:
        inspect_media(inspector, header[kind], kind, where=f"{where}.{kind}", captioned=False)


def _buttons(inspector: Inspector, value: dict[str, Any]) -> None:
    where = "interactive.action.buttons"
    action = inspector.fields(value, "interactive.action", ("buttons",)) or {}
    replies: list[dict[str, Any]] = []
    for index, entry in enumerate(inspector.items(action.get("buttons"), where, 1, BUTTONS)):
        button = inspector.fields(entry, f"{where}[{index}]", ("type", "reply"))
        if button is None:
            continue
        inspector.one_of(button.get("type"), f"{where}[{index}].type", ("reply",))
        reply = inspector.fields(button.get("reply"), f"{where}[{index}].reply", ("id", "title"))
        if reply is not None:
            replies.append(reply)
    for index, reply in enumerate(replies):
        place = f"{where}[{index}].reply"
        inspector.text(reply.get("id"), f"{place}.id", BUTTON_ID, edges=False)
        inspector.text(reply.get("title"), f"{place}.title", BUTTON_TITLE, one_line=True, edges=False)
    inspector.unique([reply.get("id") for reply in replies], f"{where}.reply.id")
    inspector.unique([reply.get("title") for reply in replies], f"{where}.reply.title")


def _list(inspector: Inspector, value: dict[str, Any]) -> None:
    where = "interactive.action"
    action = inspector.fields(value, where, ("button", "sections")) or {}
    inspector.text(action.get("button"), f"{where}.button", LIST_BUTTON, one_line=True, edges=False)
    sections = inspector.items(action.get("sections"), f"{where}.sections", 1, SECTIONS)
    rows: list[dict[str, Any]] = []
    for index, entry in enumerate(sections):
        rows += _section(inspector, entry, f"{where}.sections[{index}]", titled=len(sections) > 1)
    if len(rows) > ROWS:
        inspector.note(f"{where}.sections", f"must have at most {ROWS} rows in total, has {len(rows)}")
    inspector.unique([row.get("id") for row in rows], f"{where}.sections.rows.id")


def _section(inspector: Inspector, value: Any, where: str, *, titled: bool) -> list[dict[str, Any]]:
    section = inspector.fields(value, where, ("rows", "title") if titled else ("rows",), () if titled else ("title",))
    if section is None:
        return []
    inspector.text(section.get("title"), f"{where}.title", SECTION_TITLE, one_line=True, edges=False)
    rows: list[dict[str, Any]] = []
    for index, entry in enumerate(inspector.items(section.get("rows"), f"{where}.rows", 1, 100)):
        place = f"{where}.rows[{index}]"
        row = inspector.fields(entry, place, ("id", "title"), ("description",))
        if row is not None:
            inspector.text(row.get("id"), f"{place}.id", ROW_ID, edges=False)
            inspector.text(row.get("title"), f"{place}.title", ROW_TITLE, one_line=True, edges=False)
            inspector.text(row.get("description"), f"{place}.description", ROW_DESCRIPTION, one_line=True)
            rows.append(row)
    return rows


def _cta_url(inspector: Inspector, value: dict[str, Any]) -> None:
    where = "interactive.action.parameters"
    inspector.fields(value, where, ("display_text", "url"))
    inspector.text(value.get("display_text"), f"{where}.display_text", BUTTON_TITLE, one_line=True, edges=False)
    inspector.url(value.get("url"), f"{where}.url")


def _flow(inspector: Inspector, value: dict[str, Any]) -> None:
    where = "interactive.action.parameters"
    optional = ("flow_id", "flow_name", "mode", "flow_token", "flow_action", "flow_action_payload")
    inspector.fields(value, where, ("flow_message_version", "flow_cta"), optional)
    inspector.text(value.get("flow_cta"), f"{where}.flow_cta", FLOW_CTA, one_line=True, edges=False)
    inspector.one_of(value.get("flow_message_version"), f"{where}.flow_message_version", ("3",))
    inspector.one_of(value.get("mode"), f"{where}.mode", ("published", "draft"))
    inspector.one_of(value.get("flow_action"), f"{where}.flow_action", ("navigate", "data_exchange"))
    if ("flow_id" in value) == ("flow_name" in value):
        inspector.note(where, "needs either flow_id or flow_name", MISSING)
    if "flow_action_payload" in value and value.get("flow_action", "navigate") != "navigate":
        inspector.note(f"{where}.flow_action_payload", "goes with navigate only")

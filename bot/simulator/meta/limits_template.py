"""The shape of a template message. Whether the template exists and how many values it takes is for `templates`.

Source: Cloud API documentation, "Templates: overview, components, authentication templates".
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from bot.simulator.meta.inspector import MISSING, Inspector
from bot.simulator.meta.limits_media import inspect_media
from bot.simulator.meta.limits_orders import inspect_order_details

NAME = 512
BUTTONS = 10
BUTTON_TYPES = ("quick_reply", "url", "copy_code", "flow", "catalog", "mpm", "order_details")
FORMAT = 132012
VALIDATION = 132018
_NAME = re.compile(r"[a-z0-9_]+")
_BLANKS = re.compile(r"[\n\r\t]| {5,}")


def inspect_template(inspector: Inspector, value: Any, now: datetime | None) -> None:
    template = inspector.fields(value, "template", ("name", "language"), ("components",))
    if template is None:
        return
    name = inspector.text(template.get("name"), "template.name", NAME)
    if name is not None and not _NAME.fullmatch(name):
        inspector.note("template.name", "must be lower-case letters, digits and underscores")
    language = inspector.fields(template.get("language"), "template.language", ("code",), ("policy",))
    inspector.text((language or {}).get("code"), "template.language.code", 15)
    components = inspector.items(template.get("components", []), "template.components", 0, 2 + BUTTONS)
    for index, component in enumerate(components):
        _component(inspector, component, f"template.components[{index}]", now)
    kinds = [_place_of(component) for component in components if isinstance(component, dict)]
    inspector.unique(kinds, "template.components")


def _place_of(component: dict[str, Any]) -> str:
    return f"{component.get('type')} {component.get('index', '')}".strip()


def _component(inspector: Inspector, value: Any, where: str, now: datetime | None) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind == "button":
        component = inspector.fields(value, where, ("type", "sub_type", "index", "parameters"))
        inspector.one_of((component or {}).get("sub_type"), f"{where}.sub_type", BUTTON_TYPES)
        place = str((component or {}).get("index"))
        if not place.isdecimal() or int(place) >= BUTTONS:
            inspector.note(f"{where}.index", "must be a number from 0 to 9")
    else:
        inspector.one_of(kind, f"{where}.type", ("header", "body"))
        component = inspector.fields(value, where, ("type", "parameters"))
    parameters = inspector.items((component or {}).get("parameters"), f"{where}.parameters", 0, 100)
    for index, parameter in enumerate(parameters):
        _parameter(inspector, parameter, f"{where}.parameters[{index}]", now)


def _parameter(inspector: Inspector, value: Any, where: str, now: datetime | None) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("text", "payload", "image", "video", "document", "location", "action", "coupon_code"):
        inspector.note(f"{where}.type", "is not a parameter type", MISSING if kind is None else FORMAT)
        return
    parameter = inspector.fields(value, where, ("type", kind), ("parameter_name",) if kind == "text" else ())
    if parameter is None or parameter.get(kind) is None:
        return
    if kind in ("text", "payload", "coupon_code"):
        _value(inspector, parameter[kind], f"{where}.{kind}", lines=kind == "payload")
    elif kind in ("image", "video", "document"):
        inspect_media(inspector, parameter[kind], kind, where=f"{where}.{kind}", captioned=False)
    elif kind == "action":
        _action(inspector, parameter["action"], f"{where}.action", now)


def _value(inspector: Inspector, value: Any, where: str, *, lines: bool) -> None:
    text = inspector.text(value, where, 1024)
    if text is not None and not lines and _BLANKS.search(text):
        inspector.note(where, "cannot have new lines, tabs or more than 4 blanks in a row", VALIDATION)


def _action(inspector: Inspector, value: Any, where: str, now: datetime | None) -> None:
    action = inspector.fields(value, where, (), ("order_details", "flow_token", "flow_action_data", "sections"))
    if action is not None and "order_details" in action:
        inspect_order_details(inspector, action["order_details"], now)

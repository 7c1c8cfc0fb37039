"""Templates as the business has them at Meta, and the check of a template message against them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from bot.simulator.meta.inspector import INVALID, Problem

BODY = 1024
CODE = 15
_PLACE = re.compile(r"\{\{\s*([a-z0-9_]+)\s*\}\}")
_REFUSED_STATUS = {"PAUSED": 132015, "DISABLED": 132016}
MISSING_TEMPLATE = 132001
COUNT = 132000
TOO_LONG = 132005
FORMAT = 132012


@dataclass(frozen=True, slots=True)
class TemplateButton:
    """A button; `value` says that a send must give it one (URL with a placeholder, code to copy, payload)."""

    kind: Literal["quick_reply", "url", "copy_code", "order_details", "phone_number"]
    text: str
    value: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """One language of a registered template. `body` holds `{{1}}` or `{{first_name}}`."""

    name: str
    language: str
    body: str
    category: Literal["authentication", "marketing", "utility"] = "utility"
    header: Literal["text", "image", "video", "document"] | None = None
    header_text: str = ""
    footer: str = ""
    buttons: tuple[TemplateButton, ...] = ()
    status: Literal["APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED"] = "APPROVED"


def authentication_template(name: str, language: str = "pt_BR", body: str = "*{{1}}* é seu código.") -> Template:
    """A template with a button that copies the code: the code goes into the body and into the button."""
    return Template(name, language, body, "authentication", buttons=(TemplateButton("url", "Copiar código", True),))


def places(text: str) -> list[str]:
    """Placeholders in order of first appearance."""
    return list(dict.fromkeys(_PLACE.findall(text)))


def check_template(template: Template | None, message: dict[str, Any]) -> list[Problem]:
    """Why a well-formed `message` (the value under `template`) does not fit its registration."""
    where = f"template {message['name']} ({message['language']['code']})"
    if template is None or template.status in ("PENDING", "REJECTED"):
        return [Problem(MISSING_TEMPLATE, where, "does not exist in the translation or is not approved")]
    if template.status in _REFUSED_STATUS:
        return [Problem(_REFUSED_STATUS[template.status], where, f"is {template.status.lower()}")]
    components = message.get("components", [])
    problems = _body_problems(template, _parameters(components, "body"), where)
    problems += _header_problems(template, _parameters(components, "header"), where)
    problems += _button_problems(template, components, where)
    if template.category == "authentication" and not problems:
        problems += _code_problems(components, where)
    return problems


def shown(template: Template, message: dict[str, Any]) -> dict[str, Any]:
    """What the person sees: header, body, footer and buttons with the values put in."""
    components = message.get("components", [])
    header = _parameters(components, "header")
    if template.header == "text":
        header = [{"type": "text", "text": _filled(template.header_text, header)}]
    return {
        "header": header[0] if header else None,
        "body": _filled(template.body, _parameters(components, "body")),
        "footer": template.footer,
        "buttons": [
            {"kind": button.kind, "text": button.text, "values": _button_parameters(components, index)}
            for index, button in enumerate(template.buttons)
        ],
    }


def payloads(template: Template, message: dict[str, Any]) -> dict[str, str]:
    """Payload to label of the quick replies of a sent template; a button sent without one answers its label."""
    answers: dict[str, str] = {}
    for index, button in enumerate(template.buttons):
        if button.kind == "quick_reply":
            values = _button_parameters(message.get("components", []), index)
            answers[values[0].get("payload", button.text) if values else button.text] = button.text
    return answers


def _parameters(components: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return next((component["parameters"] for component in components if component["type"] == kind), [])


def _button_parameters(components: list[dict[str, Any]], index: int) -> list[dict[str, Any]]:
    buttons = (component for component in components if component["type"] == "button")
    return next((button["parameters"] for button in buttons if int(button["index"]) == index), [])


def _filled(body: str, parameters: list[dict[str, Any]]) -> str:
    values = {
        parameter.get("parameter_name", str(index)): str(parameter.get("text", ""))
        for index, parameter in enumerate(parameters, 1)
    }
    return _PLACE.sub(lambda match: values.get(match[1], match[0]), body)


def _body_problems(template: Template, parameters: list[dict[str, Any]], where: str) -> list[Problem]:
    return _value_problems(places(template.body), parameters, f"{where} body") or (
        [Problem(TOO_LONG, where, f"body above {BODY} characters once filled")]
        if len(_filled(template.body, parameters)) > BODY
        else []
    )


def _value_problems(wanted: list[str], parameters: list[dict[str, Any]], where: str) -> list[Problem]:
    if len(wanted) != len(parameters):
        what = f"number of localizable_params ({len(parameters)}) does not match the expected number ({len(wanted)})"
        return [Problem(COUNT, where, what)]
    named = any(not place.isdecimal() for place in wanted)
    names = [parameter.get("parameter_name") for parameter in parameters]
    if named and set(names) != set(wanted):
        return [Problem(FORMAT, where, "parameter_name is missing or unknown")]
    if not named and any(name is not None for name in names):
        return [Problem(FORMAT, where, "the template has positional parameters")]
    if any(parameter["type"] != "text" for parameter in parameters):
        return [Problem(FORMAT, where, "parameters must be of type text")]
    return []


def _header_problems(template: Template, parameters: list[dict[str, Any]], where: str) -> list[Problem]:
    if template.header in (None, "text"):
        return _value_problems(places(template.header_text), parameters, f"{where} header")
    if [parameter["type"] for parameter in parameters] != [template.header]:
        return [Problem(FORMAT, f"{where} header", f"format mismatch, expected {template.header}")]
    return []


def _button_problems(template: Template, components: list[dict[str, Any]], where: str) -> list[Problem]:
    problems: list[Problem] = []
    for component in (component for component in components if component["type"] == "button"):
        index = int(component["index"])
        button = template.buttons[index] if index < len(template.buttons) else None
        if button is None or button.kind != component["sub_type"]:
            problems.append(Problem(FORMAT, f"{where} button {index}", f"is no {component['sub_type']} button"))
    for index, button in enumerate(template.buttons):
        given = len(_button_parameters(components, index))
        if (button.value and given != 1) or (button.kind == "url" and not button.value and given):
            problems.append(Problem(COUNT, f"{where} button {index}", f"takes {int(button.value)} value, has {given}"))
    return problems


def _code_problems(components: list[dict[str, Any]], where: str) -> list[Problem]:
    code = _parameters(components, "body")[0]["text"]
    if len(code) > CODE or "://" in code:
        return [Problem(INVALID, where, f"code must be at most {CODE} characters and no address")]
    if _button_parameters(components, 0)[0].get("text") != code:
        return [Problem(INVALID, where, "the button must carry the code of the body")]
    return []

"""Meaning to WhatsApp shapes, within Meta's limits (Cloud API reference: messages, interactive messages).

Choices become buttons (up to 3), a list (up to 10) or pages of a list. Where wording is too long it is trimmed or
split, never refused. Media are named by our document id (`{"document_id": ...}`); the sender uploads them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from conversations.understand.replies import Answer

TEXT, BODY, CAPTION, FILENAME = 4096, 1024, 1024, 240
BUTTON, BUTTONS = 20, 3
ROW, ROW_DESCRIPTION, ROWS, SECTION = 24, 72, 10, 24
MORE = "+more"

Message = dict[str, Any]
Tag = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer offered. `id` means something to the dialogue; `label` is what the person sees and may type."""

    id: str
    label: str
    description: str = ""
    section: str = ""
    heard: Sequence[str] = ()
    """What people say in place of the label."""
    answers: Answer | None = None
    """What a mere yes or no means, where the question is one of those. What must be explicit has none."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One thing to say, before it has a shape."""

    text: str
    choices: Sequence[Choice] = ()
    list_label: str = "Ver opções"
    more_label: str = "Mais opções"
    image: str | None = None
    """Document id of a picture shown above the text."""
    document: str | None = None
    """Document id of a file shown above the text."""
    filename: str = ""
    link: tuple[str, str] | None = None
    """Label and address of a link button."""
    native: Message | None = None
    """An `interactive` object ready to be sent (the Pix bubble)."""
    page: int = 0
    intent: str = ""
    """Catalogue key, by which a template can take its place outside the 24-hour window."""
    values: dict[str, Any] = field(default_factory=dict)
    until: datetime | None = None
    unseen: str | None = None
    """As in `dialogue.Ask`."""


def messages(bubble: Bubble, tag: Tag) -> list[Message]:
    """The WhatsApp messages that say this bubble, usually one. `tag` makes the id of a choice."""
    bubble = replace(bubble, text=bubble.text.strip(), choices=_distinct(bubble.choices))
    if bubble.native is not None:
        return [*_overflow(bubble), {"type": "interactive", "interactive": _native(bubble, bubble.native)}]
    if bubble.choices:
        return _choices(bubble, tag)
    if bubble.link is not None:
        return [*_overflow(bubble), _link(bubble, *bubble.link)]
    if bubble.image or bubble.document:
        return [*_overflow(bubble), _media(bubble)]
    return [_text(part) for part in _split(bubble.text, TEXT)]


def _distinct(choices: Sequence[Choice]) -> list[Choice]:
    """Meta refuses a message with the same id twice: the first of them stays."""
    first: dict[str, Choice] = {}
    for choice in choices:
        first.setdefault(choice.id, choice)
    return list(first.values())


def _native(bubble: Bubble, native: Message) -> Message:
    """Its own body, or the bubble's text where notes were put before it."""
    return {**native, "body": {"text": _body(bubble)}} if bubble.text else native


def shown(bubble: Bubble) -> Sequence[Choice]:
    """The choices on the page this bubble shows."""
    if len(bubble.choices) <= ROWS:
        return bubble.choices
    size = ROWS - 1
    pages = (len(bubble.choices) + size - 1) // size
    start = (max(bubble.page, 0) % pages) * size
    return [*bubble.choices[start : start + size], Choice(MORE, bubble.more_label)]


def _choices(bubble: Bubble, tag: Tag) -> list[Message]:
    head = _overflow(bubble)
    if len(bubble.choices) <= BUTTONS and all(_fits_button(choice) for choice in bubble.choices) and _differ(bubble):
        return [*head, _buttons(bubble, tag)]
    if bubble.image or bubble.document:
        # A list cannot carry media: the picture goes first, the question with the list follows.
        head.append(_media(replace(bubble, text="")))
    return [*head, _list(bubble, tag)]


def _fits_button(choice: Choice) -> bool:
    return len(choice.label) <= BUTTON and not choice.description


def _differ(bubble: Bubble) -> bool:
    """Meta refuses buttons with the same title."""
    return len({_trim(choice.label, BUTTON) for choice in bubble.choices}) == len(bubble.choices)


def _buttons(bubble: Bubble, tag: Tag) -> Message:
    rows = [
        {"type": "reply", "reply": {"id": tag(choice.id), "title": _trim(choice.label, BUTTON)}}
        for choice in bubble.choices
    ]
    content: Message = {"type": "button", "body": {"text": _body(bubble)}, "action": {"buttons": rows}}
    content.update(_header(bubble))
    return {"type": "interactive", "interactive": content}


def _list(bubble: Bubble, tag: Tag) -> Message:
    sections: dict[str, list[Message]] = {}
    choices = shown(bubble)
    for choice, title in zip(choices, _titles(choices), strict=True):
        sections.setdefault(choice.section, []).append(_row(choice, title, tag))
    named = [
        {"rows": rows, **({"title": _trim(title or bubble.list_label, SECTION)} if len(sections) > 1 else {})}
        for title, rows in sections.items()
    ]
    action = {"button": _trim(bubble.list_label, BUTTON), "sections": named}
    body = {"text": _body(bubble)}
    return {"type": "interactive", "interactive": {"type": "list", "body": body, "action": action}}


def _titles(choices: Sequence[Choice]) -> list[str]:
    """Row titles that can be told apart: those that read the same once trimmed are numbered by their place."""
    plain = [_trim(choice.label, ROW) for choice in choices]
    twice = {title for title in plain if plain.count(title) > 1}
    return [_numbered(place, title) if title in twice else title for place, title in enumerate(plain, 1)]


def _numbered(place: int, title: str) -> str:
    mark = f"{place}. "
    return mark + _trim(title, ROW - len(mark))


def _row(choice: Choice, title: str, tag: Tag) -> Message:
    description = choice.description.strip() or (choice.label if title != choice.label else "")
    row: Message = {"id": tag(choice.id), "title": title}
    if description:
        row["description"] = _trim(description, ROW_DESCRIPTION)
    return row


def _link(bubble: Bubble, label: str, url: str) -> Message:
    content: Message = {
        "type": "cta_url",
        "body": {"text": _body(bubble)},
        "action": {"name": "cta_url", "parameters": {"display_text": _trim(label, BUTTON), "url": url}},
    }
    content.update(_header(bubble))
    return {"type": "interactive", "interactive": content}


def _header(bubble: Bubble) -> Message:
    """The picture or file above the text of an interactive message."""
    if not (bubble.image or bubble.document):
        return {}
    kind, content = _file(bubble)
    return {"header": {"type": kind, kind: content}}


def _media(bubble: Bubble) -> Message:
    kind, content = _file(bubble)
    caption = {"caption": _last(bubble.text, CAPTION)} if bubble.text else {}
    return {"type": kind, kind: {**content, **caption}}


def _file(bubble: Bubble) -> tuple[str, Message]:
    if bubble.image:
        return "image", {"document_id": bubble.image}
    name = {"filename": _trim(bubble.filename, FILENAME)} if bubble.filename else {}
    return "document", {"document_id": bubble.document, **name}


def _text(body: str) -> Message:
    return {"type": "text", "text": {"body": body, "preview_url": False}}


def _overflow(bubble: Bubble) -> list[Message]:
    """What does not fit into a body or caption is said first, as plain text."""
    head = "\n".join(_split(bubble.text, BODY)[:-1])
    return [_text(part) for part in _split(head, TEXT)]


def _body(bubble: Bubble) -> str:
    """An interactive message must have a body."""
    return _last(bubble.text, BODY) or bubble.list_label


def _last(text: str, limit: int) -> str:
    return (_split(text, limit) or [""])[-1]


def _split(text: str, limit: int) -> list[str]:
    """Cut at paragraphs, lines, then words, so that each part fits and none is blank."""
    parts: list[str] = []
    text = text.strip()
    while len(text) > limit:
        cut = _cut(text[: limit + 1], limit)
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*parts, text] if text else parts


def _cut(window: str, limit: int) -> int:
    """A paragraph or line that would leave the part less than half full is no place to cut."""
    for mark in ("\n\n", "\n"):
        if (place := window.rfind(mark)) >= limit // 2:
            return place
    blanks = (place for place in range(len(window) - 1, 0, -1) if window[place].isspace())
    return next(blanks, limit)


def _trim(text: str, limit: int) -> str:
    text = " ".join(text.split()) or "…"
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"

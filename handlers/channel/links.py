"""wa.me links that remember where a person came from: `[ref source.campaign]` at the end of the first message."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"\s*\[ref ([\w-]{1,60})(?:\.([\w-]{1,60}))?\]\s*$", re.ASCII)
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


def reference(source: str, campaign: str) -> str:
    """What a link adds to the words; empty without a source."""
    source, campaign = _ODD.sub("-", source)[:60].strip("-"), _ODD.sub("-", campaign)[:60].strip("-")
    if not source:
        return ""
    return f"[ref {source}.{campaign}]" if campaign else f"[ref {source}]"


def read(text: str) -> tuple[str, dict[str, str] | None]:
    """The words without the reference, and {utm_source, utm_campaign} if there was one."""
    found = _REFERENCE.search(text)
    if found is None:
        return text, None
    utm = {"utm_source": found.group(1)} | ({"utm_campaign": found.group(2)} if found.group(2) else {})
    return text[: found.start()].rstrip(), utm

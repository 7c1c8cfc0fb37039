"""The contract text a business writes, taken apart into headings, paragraphs and lists. Nothing in it is markup."""

from __future__ import annotations

from typing import TypedDict

from bot.gateways.documents.lettering import clean
from bot.gateways.documents.wording import bind


class Block(TypedDict):
    """`kind` is heading, paragraph or list; only a list has more than one line."""

    kind: str
    lines: list[str]


def parse_body(body: str) -> list[Block]:
    """Blocks in reading order. `# ` heads, `- ` lists; a plain line goes on with the paragraph or item above it."""
    blocks: list[Block] = []
    open_block: Block | None = None
    for raw in body.splitlines():
        line = raw.strip()
        if not line:
            open_block = None
        elif line.startswith("# "):
            blocks.append({"kind": "heading", "lines": [line[2:]]})
            open_block = None
        elif line.startswith("- "):
            open_block = _add_item(blocks, line[2:])
        elif open_block is None:
            open_block = {"kind": "paragraph", "lines": [line]}
            blocks.append(open_block)
        else:
            open_block["lines"][-1] += " " + line
    return _legible(blocks)


def _add_item(blocks: list[Block], text: str) -> Block:
    if not blocks or blocks[-1]["kind"] != "list":
        blocks.append({"kind": "list", "lines": []})
    blocks[-1]["lines"].append(text)
    return blocks[-1]


def _legible(blocks: list[Block]) -> list[Block]:
    shown: list[Block] = [
        {"kind": b["kind"], "lines": [line for raw in b["lines"] if (line := bind(clean(raw)))]} for b in blocks
    ]
    return [block for block in shown if block["lines"]]

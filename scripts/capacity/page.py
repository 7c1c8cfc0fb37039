"""The tables of docs/scale.md, written between its markers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from scripts.capacity.bill import cells, month
from scripts.capacity.inputs import Figure, Inputs
from scripts.capacity.model import Needs, ceilings, days_until_full, needs, shares
from scripts.capacity.people import TALKS, held_back
from scripts.capacity.traffic import Scene, Story, play

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
_BLOCK = re.compile(r"(<!-- capacity: (\w+) -->\n).*?(<!-- /capacity -->)", re.DOTALL)

SCENES = (
    Scene("every number at 80/s, one line for all (as it was)", upgraded=False, passed_by=False),
    Scene("every number at 80/s, full ones passed by (as built)", upgraded=False),
    Scene("numbers upgraded", upgraded=True),
    Scene("the same, one worker lost for a minute", upgraded=True, lost=1),
    Scene("the same, half of the workers lost for a minute", upgraded=True, lost=-1),
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def number(value: float) -> str:
    """As many digits as are worth reading."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}".removesuffix(".0") if abs(value) >= 10 else f"{value:.3g}"


def amount(figure: Figure) -> str:
    return f"{number(figure.value)} {figure.unit}".replace(" /s", "/s").strip()


def figures(of: Inputs, *kinds: str) -> str:
    rows = ([figure.what, amount(figure), figure.source] for kind in kinds for figure in of.of(kind))
    return table(["", "", "from"], rows)


def result(of: Inputs) -> str:
    need = needs(of)
    rows = [[what, text] for what, text in _result(of, need)]
    return table(["At the peak", ""], rows)


def _result(of: Inputs, need: Needs) -> list[tuple[str, str]]:
    full = days_until_full(of)
    return [
        ("turns of one core, busy", f"{number(need.core_turns)}/s"),
        (f"cores of the application at {of['utilisation']:.0%}", f"{need.app_cores}, a process each"),
        (f"cores of PostgreSQL at {of['utilisation']:.0%}", f"{need.database_cores}"),
        ("connections to PostgreSQL", number(need.connections)),
        ("webhook calls in, calls to the Graph out", f"{number(need.webhook_calls)}/s, {number(need.graph_calls)}/s"),
        ("network, both ways", f"{number(need.network_mbit)} Mbit/s"),
        ("commits", f"{number(need.commits)}/s"),
        ("WAL", f"{number(need.wal_mb)} MB/s, of it {number(need.whole_pages_mb)} MB/s whole pages"),
        ("Redis: scripts and rings", f"{number(need.redis_commands)}/s"),
        ("rings handed on, if all processes share one Redis", f"{number(need.redis_rings)}/s"),
        ("organisations in a batch of 100 people (the bench has one)", number(need.organisations_a_batch)),
        ("messages from people a day", f"{number(need.turns_a_day / 1e6)} million"),
        ("of each person", number(need.turns_a_day / of["people"])),
        ("tables of people (without contracts)", f"{number(need.people_gb)} GB"),
        ("log-like tables, growth", f"{number(need.log_gb_a_day)} GB a day"),
        ("one disk of 32 TB is full after", f"{number(full)} days"),
        ("log-like tables when retention takes as much as comes", f"{number(need.log_gb_kept / 1000)} TB"),
        (f"of it within the last {of['hot_days']:.0f} days", f"{number(need.log_gb_hot / 1000)} TB"),
        ("rows that retention must delete", f"{number(need.rows_to_forget)}/s, day and night"),
        (f"installations of {of['cell_turns']:,.0f} messages a second", f"{cells(of)}"),
    ]  # fmt: skip


def first(of: Inputs) -> str:
    rows = ([c.what, f"{number(c.turns)}/s", c.why, c.remedy] for c in ceilings(of))
    return table(["What ends", "at messages", "because", "what helps"], rows)


def bill(of: Inputs) -> str:
    lines = month(of)
    machines = sum(line.usd for line in lines[:-1])
    rows = [[line.what, line.amount, f"{line.usd:,.0f}"] for line in lines[:-1]]
    rows.append(["**all machines**", "", f"**{machines:,.0f}**"])
    rows.append([lines[-1].what, lines[-1].amount, f"{lines[-1].usd:,.0f}"])
    return table(["A month", "", "USD"], rows)


def limits(of: Inputs) -> str:
    """Organisations that meet Meta's limit at the peak, the first ones first."""
    each = shares(int(of["organisations"]), of["skew"])
    both = [share * of["messages_per_second"] * (1 + of["replies"]) for share in each]
    over_default = sum(asked > of["number_default"] for asked in both)
    over_top = sum(asked > of["number_top"] for asked in both)
    shown = [place for place in (1, 2, 3, 5, 10, over_default, over_default + 1, 50, len(both)) if place <= len(both)]
    rows = [
        [str(n), f"{each[n - 1]:.1%}", f"{number(both[n - 1])}/s", _limit(of, both[n - 1])] for n in sorted(set(shown))
    ]
    said = f"{over_default} of {len(both)} need more than the default, {over_top} more than one number of the top tier."
    return table(["Rank", "of all traffic", "in and out", "needs"], rows) + "\n\n" + said


def _limit(of: Inputs, both: float) -> str:
    if both > of["number_top"]:
        return f"{int(-(-both // (of['number_top'] * of['number_fill'])))} numbers of the top tier"
    return "the top tier" if both > of["number_default"] else "the default"


def peak(of: Inputs) -> str:
    workers = needs(of).app_cores
    stories = [play(of, replace(scene, lost=workers // 2) if scene.lost < 0 else scene) for scene in SCENES]
    head = ["Twenty minutes", "p50 / p99 / longest s", "of those above their limit", "most in mailboxes",
            "most in the outbox", "left at the end"]  # fmt: skip
    return table(head, map(_story, stories))


def _story(story: Story) -> list[str]:
    within, above = (" / ".join(number(value) for value in told) for told in (story.within, story.above))
    above = f"{above} ({story.limited})" if story.limited else "none is"
    return [story.name, within, above, number(story.mailboxes), number(story.outbox), number(story.unsent)]


def talks(_: Inputs) -> str:
    rows = []
    for talk in TALKS:
        share, longest = held_back(talk)
        rows.append([talk.what, f"{share:.1%}", f"{number(longest)} s"])
    return table(["One person", "replies held back", "longest wait"], rows)


BLOCKS: dict[str, Callable[[Inputs], str]] = {
    "costs": lambda of: figures(of, "measured", "code"),
    "assumed": lambda of: figures(of, "load", "assumed"),
    "prices": lambda of: figures(of, "prices"),
    "result": result,
    "first": first,
    "bill": bill,
    "limits": limits,
    "peak": peak,
    "talks": talks,
}


def filled(text: str, of: Inputs) -> str:
    """The page with every block written anew."""
    return _BLOCK.sub(lambda block: f"{block[1]}{BLOCKS[block[2]](of)}\n{block[3]}", text)

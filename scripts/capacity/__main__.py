"""What a load needs, where it ends and what it costs, from unit costs: python -m scripts.capacity

python -m scripts.capacity                              print all tables
python -m scripts.capacity people=100000 skew=0.8       with other inputs (names as in inputs.toml)
python -m scripts.capacity --write                      write the tables of docs/scale.md
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from scripts.capacity.inputs import read
from scripts.capacity.page import BLOCKS, PAGE, filled


def main(words: Sequence[str]) -> None:
    if list(words) == ["--write"]:
        PAGE.write_text(filled(PAGE.read_text("utf-8"), read()), "utf-8")
        return
    try:
        changes = {name: float(value) for name, _, value in (word.partition("=") for word in words)}
        of = read().changed(**changes)
    except (ValueError, KeyError):
        raise SystemExit(__doc__) from None
    print("\n\n".join(make(of) for make in BLOCKS.values()))


if __name__ == "__main__":
    main(sys.argv[1:])

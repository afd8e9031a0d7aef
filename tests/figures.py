"""What soaks and fuzzing have come to: kept in build/soak.json, printed by `make figures`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).parents[1] / "build" / "soak.json"
BREACHES = "breaches"
"""How many promises were broken, in the row that found it."""

Rows = Mapping[str, Mapping[str, Any]]


def keep(of: str, rows: Rows, output: Path | None = None) -> None:
    """Keep the rows of one program, in the place of those that it has left before."""
    output = output or OUTPUT
    output.parent.mkdir(exist_ok=True)
    output.write_text(json.dumps({**kept(output), of: rows}, indent=1))


def kept(output: Path | None = None) -> dict[str, Rows]:
    """All rows, by the program that has left them."""
    output = output or OUTPUT
    return json.loads(output.read_text()) if output.exists() else {}


def table(of: Mapping[str, Rows]) -> str:
    """For people: each row under a name of its own, and what was broken in all."""
    lines, broken = [], 0
    for rows in of.values():
        for name, row in rows.items():
            lines += ["", name, *(line for what in row for line in _lines(what, row[what]))]
            broken += row.get(BREACHES, 0)
    return "\n".join([*lines, "", f"{broken} promises broken"])


def _lines(what: str, value: Any) -> list[str]:
    if isinstance(value, dict):
        total = f"    {what:28}{sum(value.values()):>12,}"
        return [total, *(f"        {kind:64}{n:>10,}" for kind, n in sorted(value.items()))]
    if isinstance(value, float):
        return [f"    {what:28}{value:>12,.1f}"]
    return [f"    {what:28}{value:>12,}" if isinstance(value, int) else f"    {what:28}{value}"]


def main() -> int:
    """Print what is kept."""
    if not (found := kept()):
        sys.stderr.write("There are no figures yet: make soak and make fuzz leave them.\n")
        return 1
    sys.stdout.write(f"{table(found)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

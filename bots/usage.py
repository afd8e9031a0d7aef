"""`parley usage`: the ledger added up for an operator, as a table, as CSV or as JSON."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from core.prices import NANO, dollars
from core.store.account import SUMS, Entry

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With these a cell begins that a spreadsheet takes for a formula."""

COUNTS = tuple(name for name in SUMS if name != "cost")


@dataclass(frozen=True, slots=True)
class Bill:
    """What was used from one day to another, both included, `by` person, channel, model or day."""

    by: str
    since: str
    until: str
    entries: Sequence[Entry]

    @property
    def total(self) -> Entry:
        """All of it together."""
        sums = {name: sum(getattr(entry, name) for entry in self.entries) for name in SUMS}
        return Entry(name="total", **sums)


def as_json(bill: Bill) -> str:
    """Costs are decimal numbers of US dollars in strings, exact to a thousand-millionth."""
    entries = [{bill.by: entry.name, **_figures(entry)} for entry in bill.entries]
    found = {
        "since": bill.since,
        "until": bill.until,
        "by": bill.by,
        "entries": entries,
        "total": _figures(bill.total),
    }
    return json.dumps(found, indent=2, ensure_ascii=False)


def as_csv(bill: Bill) -> str:
    """A line for each, below a heading; costs as in JSON."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([bill.by, *COUNTS, "cost_usd"])
    for entry in bill.entries:
        writer.writerow([inert(entry.name), *_figures(entry).values()])
    return file.getvalue().rstrip("\n")


def as_table(bill: Bill) -> str:
    """Aligned columns, with all of it together below them."""
    if not bill.entries:
        return f"Nothing was used from {bill.since} to {bill.until}."
    rows = [[bill.by, "calls", "in", "cached", "out", "USD"]]
    rows += map(_row, (*bill.entries, bill.total))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    if any(entry.estimated for entry in bill.entries):
        lines.append("≈ stands where some are estimates, as the model's server told none.")
    return "\n".join(lines)


FORMATS = {"table": as_table, "csv": as_csv, "json": as_json}


def inert(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def exact(nano: int) -> str:
    """An amount of US dollars as a decimal number, to the last digit."""
    return f"{(Decimal(nano) / NANO).normalize():f}"


def _figures(entry: Entry) -> dict[str, int | str]:
    figures = asdict(entry)
    return {name: figures[name] for name in COUNTS} | {"cost_usd": exact(entry.cost)}


def _row(entry: Entry) -> list[str]:
    about = "≈ " if entry.estimated else ""
    name = "".join(letter if letter.isprintable() else "?" for letter in entry.name) or "?"
    counts = (entry.calls, entry.prompt, entry.cached, entry.completion)
    return [name, *(f"{count:,}" for count in counts), about + dollars(entry.cost)]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells)

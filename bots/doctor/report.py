"""Findings as an operator reads them, or a script; without secrets."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

import typer

from bots.doctor.finding import Finding, State
from core.log import Redact

SIGNS = {State.OK: "✔", State.REMARK: "!", State.WRONG: "✘"}
COLOURS = {State.OK: "green", State.REMARK: "yellow", State.WRONG: "red"}

SECRET = ("KEY", "KEYS", "TOKEN", "SECRET", "PASSWORD")
"""How names of settings end that are secret, also of those that nobody understands."""


class Report:
    """Words for findings; `values` are the settings as given, `secrets` what is secret in them."""

    def __init__(self, values: Mapping[str, str], secrets: Collection[str]) -> None:
        told = [value for name, value in values.items() if name.upper().endswith(SECRET)]
        self._redact = Redact([*secrets, *told])
        self.counts: Counter[State] = Counter()
        self._findings: list[dict[str, Any]] = []

    def add(self, finding: Finding) -> None:
        """Take a finding down."""
        self.counts[finding.state] += 1
        self._findings.append(asdict(self._discreet(finding)))

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.counts[State.WRONG]

    def lines(self, finding: Finding, *, colour: bool) -> Iterator[str]:
        """A finding as text."""
        finding = self._discreet(finding)
        sign = SIGNS[finding.state]
        if colour:
            sign = typer.style(sign, fg=COLOURS[finding.state], bold=True)
        what = finding.what if finding.what.endswith(".") else f"{finding.what}."
        yield f"{sign} {finding.area}: {what}"
        if finding.do:
            yield f"  → {finding.do}"

    def _discreet(self, finding: Finding) -> Finding:
        """The same without secrets; only its words may hold any."""
        what, do = (self._redact(None, "", words) for words in (finding.what, finding.do))
        return replace(finding, what=what, do=do)

    def summary(self) -> str:
        """The last line."""
        remarks, red = self.counts[State.REMARK], self.counts[State.WRONG]
        noted = f"{remarks} remark{'' if remarks == 1 else 's'}"
        if not red:
            return f"Nothing is wrong; {noted}."
        return f"{red} thing{' is' if red == 1 else 's are'} wrong; {noted}."

    def document(self) -> str:
        """All findings in JSON."""
        found: dict[str, Any] = {
            "ok": self.is_well,
            "wrong": self.counts[State.WRONG],
            "remarks": self.counts[State.REMARK],
            "findings": self._findings,
        }
        return json.dumps(found, indent=2, ensure_ascii=False)

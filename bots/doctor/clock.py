"""This machine's clock, by those of Slack and Discord."""

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from bots.doctor.finding import Finding, remark, well, wrong
from bots.doctor.patient import Patient

AREA = "clock"

UNWISE = 30.0
"""Seconds that a clock may be off without a word."""

TOO_MUCH = 300.0
"""Seconds after which Slack's signatures do not hold (docs.slack.dev/authentication), and
questions look old or not asked yet to those parts that catch up and resume."""

MEND = "Set it, and keep it so: `timedatectl set-ntp true`, or your system's way."


def examine(patient: Patient) -> Iterator[Finding]:
    """How far the clock is off; each date is compared when it comes."""
    offs = {name: off for name, off in patient.offsets.items() if off is not None}
    if not offs:
        yield remark(AREA, "Nobody has told the time, so the clock is not checked.")
        return
    name, off = min(offs.items(), key=lambda one: abs(one[1]))
    words = (
        f"This machine's clock is {abs(off):,.0f} s {'ahead of' if off > 0 else 'behind'} {name}'s"
    )
    if abs(off) > TOO_MUCH:
        setting = "SLACK_SIGNING_SECRET" if patient.over_http else "system clock"
        yield wrong(AREA, f"{words}: what is asked now looks old or not asked yet", MEND, setting)
    elif abs(off) > UNWISE:
        yield remark(AREA, f"{words}.", MEND)
    else:
        yield well(AREA, f"This machine's clock is right, by {name}'s.")


def offset(date: str, now: float) -> float | None:
    """By how many seconds `now` is ahead of a date as HTTP writes it; None for what is none."""
    try:
        return now - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None

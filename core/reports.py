"""Reports: what somebody, a channel or a workspace has used, in words and as a picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core import notices
from core.chart import Chart, Charts, Part
from core.prices import NANO, dollars
from core.store.usage import Since, Usage
from core.surface import CodeFile
from core.usage import Days, Share, Subject, Use, Whose
from core.words import Notice, told

FILE = "parley-usage.png"

SHOWN = 30
"""Days of a chart."""

MOST = 8
"""Parts of a chart's bars; whoever used less stands together as one."""

WEEK = 7
"""Days between two labels below the bars."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a subject has used, and what its last days took by person or model."""

    subject: Subject
    use: Use
    days: Days
    zone: str

    @property
    def people(self) -> tuple[str, ...]:
        """Those whose names stand in it, as platform/id, the dearest first."""
        if self.subject.whose is Whose.PERSON:
            return ()
        return tuple(share.name for share in self.days.at_most(MOST) if not share.others)

    @property
    def costs(self) -> bool:
        """Whether anything in it cost money; some models are free."""
        return bool(self.days.cost)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to see in a picture of it."""
        return not self.days.tokens

    def words(self, names: Mapping[str, str]) -> str:
        """The figures; `names` are those of people, by platform/id."""
        people = self.days.at_most(notices.MOST_PEOPLE) if self.people and self.costs else ()
        listed = [
            (self.name(share.name, names), share.others, dollars(share.cost)) for share in people
        ]
        return notices.usage(self.subject.whose, self.use, self.zone, listed)

    def name(self, one: str, names: Mapping[str, str]) -> str:
        """What somebody or a model is called; a person who is not known, by the platform's id."""
        if self.subject.whose is Whose.PERSON:
            return one
        return names.get(one) or one.rpartition("/")[2]


class Reports:
    """Makes reports; `clock` gives seconds since 1970, days begin at midnight in `zone`."""

    def __init__(
        self, usage: Usage, charts: Charts, clock: Callable[[], float], zone: ZoneInfo
    ) -> None:
        self._usage = usage
        self._charts = charts
        self._clock = clock
        self._zone = zone

    async def of(self, subject: Subject) -> Report:
        """What a subject has used. Raises `StoreFailed`."""
        now = datetime.fromtimestamp(self._clock(), self._zone)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        first = midnight.replace(day=1)
        days = [(now.date() - timedelta(days=ago)).isoformat() for ago in reversed(range(SHOWN))]
        use = await self._usage.of(subject, _since(midnight), _since(first))
        by_day = await self._usage.by_day(subject, days, MOST)
        return Report(subject, use, by_day, str(self._zone))

    async def picture(
        self, report: Report, names: Mapping[str, str], place: str, language: str
    ) -> CodeFile | None:
        """The last days of a report as a PNG; None where it could not be drawn.

        `place` is what people call the subject.
        """
        chart = charted(report, names, place, language)
        if (picture := await self._charts.draw(chart)) is None:
            return None
        return CodeFile(FILE, picture, f"{chart.title}. {chart.subtitle}")


def charted(report: Report, names: Mapping[str, str], place: str, language: str) -> Chart:
    """What a report's chart shows: costs, or tokens where nothing cost anything (pure)."""
    costs = report.costs
    parts = [
        _part(share, _name(report, share, names, language), costs=costs)
        for share in report.days.at_most(MOST)
    ]
    total = report.days.cost if costs else report.days.tokens
    amount = _amount(total, costs=costs)
    about = Notice("chart_by_person", place=place, total=amount)
    if report.subject.whose is Whose.PERSON:
        about = Notice("chart_by_model", place=place, total=amount)
    title = Notice("chart_of_costs", days=SHOWN) if costs else Notice("chart_of_tokens", days=SHOWN)
    labels = [_label(day, n, language) for n, day in enumerate(report.days.days)]
    return Chart(told(title, language), told(about, language), labels, parts, "$" if costs else "")


def _name(report: Report, share: Share, names: Mapping[str, str], language: str) -> str:
    if share.others:
        return told(Notice("chart_others", count=share.others), language)
    return report.name(share.name, names)


def _part(share: Share, name: str, *, costs: bool) -> Part:
    values = [day.cost / NANO if costs else day.tokens for day in share.amounts]
    note = _amount(share.cost if costs else share.tokens, costs=costs)
    return Part(name, share.name.rpartition("/")[2], note, values, share.others > 0)


def _amount(total: int, *, costs: bool) -> str:
    return f"{dollars(total)} USD" if costs else f"{total:,}"


def _label(day: str, number: int, language: str) -> str:
    """The day below every seventh bar, counted from the last."""
    if (SHOWN - 1 - number) % WEEK:
        return ""
    at = date.fromisoformat(day)
    months = told(Notice("months"), language).split()
    return told(Notice("day_of_month", day=at.day, month=months[at.month - 1]), language)


def _since(moment: datetime) -> Since:
    return Since(moment.date().isoformat(), moment.timestamp())

"""How far answers come, set against what they answer.

What must stay true: a number that a platform does not tell is unknown, never 0. Numbers of different series (another
metric, or another version of it) are never joined, compared or averaged. A measurement belongs to the hour that it was
due for, and says when it was really made.

Parity is views of the answer by views of what it answers, and unknown without both. Likes do not stand in for them:
they tell who agrees, not who has seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.publisher.domain.outcomes import Measure, Measured, Unmeasured

HOURS = (1, 6, 12, 24, 168)
"""Hours after publication at which an answer is measured."""

METRIC = "views"

REMEDIES: Mapping[str, str] = {
    "answer_in_the_most_viewed_thread": "Give the answer in the thread that most people read.",
    "quote_instead_of_a_new_post": "Quote what is answered instead of publishing beside it.",
    "pin": "Pin the answer where the question stands.",
    "ask_a_sibling_agency_to_share": "Ask an agency with more readers to share the answer.",
    "drop_the_site_copy": "Drop the copy on the agency's own site, and point to the thread instead.",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One post at one time: numbers by our names with the series that each is of; ``why_unknown`` where there are
    none."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    series: Mapping[str, str] = field(default_factory=dict)
    why_unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """Answer and question at the hour they were due for. ``broken`` are metrics that the platform counts otherwise
    since the measurement before."""

    after_hours: int
    measured_at: datetime
    answer: Reading
    question: Reading
    broken: tuple[str, ...] = ()

    @property
    def series(self) -> dict[str, str]:
        """The series of every number, the answer's where the two differ."""
        return {**self.question.series, **self.answer.series}

    @property
    def comparable_question(self) -> dict[str, int]:
        """The question's numbers without those of another series than the answer's."""
        return {
            metric: number
            for metric, number in self.question.numbers.items()
            if self.answer.series.get(metric, self.question.series.get(metric)) == self.question.series.get(metric)
        }

    @property
    def parity(self) -> float | None:
        """Views of the answer by views of the question; None for unknown."""
        seen, asked = self.answer.numbers.get(METRIC), self.comparable_question.get(METRIC)
        return None if seen is None or not asked else seen / asked


@dataclass(frozen=True, slots=True)
class Alarm:
    """An answer that hardly anybody sees: reported once."""

    after_hours: int
    answer: int
    question: int
    parity: float
    share: float
    remedies: tuple[str, ...] = tuple(REMEDIES)


@dataclass(frozen=True, slots=True)
class Shares:
    """What share of the question's views an answer should have, by agency; judged from ``from_hour`` on."""

    usual: float = 0.1
    of_agencies: Mapping[str, float] = field(default_factory=dict)
    from_hour: int = 12

    def of(self, agency: str) -> float:
        return self.of_agencies.get(agency, self.usual)


def hour_due(published_at: datetime, next_hour: int, now: datetime) -> int:
    """The latest hour that is due: those missed while nothing ran are not made up for."""
    return max(next_hour, *(hour for hour in HOURS if published_at + timedelta(hours=hour) <= now), HOURS[0])


def hour_after(hour: int) -> int | None:
    """The hour at which to measure after ``hour``, None after the last."""
    return next((later for later in HOURS if later > hour), None)


def reading_of(measure: Measure) -> Reading:
    """What a platform told, as it is kept: a number without its series could never be compared, so it is not kept."""
    match measure:
        case Measured(numbers=numbers, series=series):
            kept = {metric: number for metric, number in numbers.items() if metric in series and number >= 0}
            return Reading(kept, {metric: series[metric] for metric in kept}, None if kept else "not_told")
        case Unmeasured(reason=reason):
            return Reading(why_unknown=reason)


def broken_since(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """The metrics whose series is another one than at the measurement before."""
    return tuple(sorted(metric for metric in before.keys() & now.keys() if before[metric] != now[metric]))


def alarm_of(measurement: Measurement, share: float, from_hour: int) -> Alarm | None:
    """The alarm that a measurement gives cause for."""
    parity = measurement.parity
    if parity is None or parity >= share or measurement.after_hours < from_hour:
        return None
    seen, asked = measurement.answer.numbers[METRIC], measurement.question.numbers[METRIC]
    return Alarm(measurement.after_hours, seen, asked, parity, share)

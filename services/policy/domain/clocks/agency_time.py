"""How an agency's time passes: in its working hours, and around the clock for what cannot wait for the morning."""

import hashlib

from services.policy.domain.calendars import WorkingTime, around_the_clock
from services.policy.domain.roster import Calendar, Hours, Officer


class AgencyTime:
    """An agency's calendar, ready for its clocks. ``version`` names the calendar by digest."""

    def __init__(self, calendar: Calendar) -> None:
        self.zone = calendar.time_zone
        self.version = hashlib.sha256(calendar.model_dump_json(by_alias=True).encode()).hexdigest()[:12]
        self.working = WorkingTime(calendar)
        self._calendar = calendar
        self._always = WorkingTime(around_the_clock(calendar))
        self._of_posts: dict[tuple[tuple[Hours, ...], bool], WorkingTime] = {}

    def of(self, is_around_the_clock: bool) -> WorkingTime:
        """The time by which a clock of one kind or the other runs."""
        return self._always if is_around_the_clock else self.working

    def of_post(self, post: Officer | None) -> WorkingTime:
        """The hours of a post: its own, or else the agency's."""
        if post is None or not (post.hours or post.on_holidays):
            return self.working
        key = post.hours, post.on_holidays
        if key not in self._of_posts:
            own: dict[str, object] = {"hours": post.hours} if post.hours else {}
            own |= {"holidays": ()} if post.on_holidays else {}
            self._of_posts[key] = WorkingTime(self._calendar.model_copy(update=own))
        return self._of_posts[key]

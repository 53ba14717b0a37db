"""``parley policy try``: what a policy would decide for a text, or for a file of comments, without a running system."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.policy.adapters.cli.models import with_model
from services.policy.adapters.cli.sources import CANNOT, DOES_NOT_HOLD, DONE, WRONG_USE, policy_of
from services.policy.adapters.cli.sources import add_options as add_sources
from services.policy.domain.comments import Comment, History
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from services.policy.domain.scales import Disposition, Kind
from services.policy.domain.triage.private_data import masked
from shared.clock import utc_now

NAME = "try"
HELP = "what a policy decides for a text, or for a file of comments"

LONGEST_TEXT = 50_000
_SHOWN = 12


class Given(BaseModel):
    """One line of a file of comments. ``history`` is what went before; all but ``text`` may be left out."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str | int | None = None
    text: str = Field(max_length=LONGEST_TEXT)
    platform: str = "rest"
    language: str | None = None
    author: "str | GivenAuthor | None" = None
    public: bool = True
    echo: bool = False
    sent_at: AwareDatetime | None = None
    reach: int | None = Field(None, ge=0)
    turn: int = Field(1, ge=1)
    earlier_kinds: tuple[Kind, ...] = ()
    earlier_dispositions: tuple[Disposition, ...] = ()
    same_issue: int = Field(1, ge=1)
    judged: Kind | None = None
    earlier_topics: tuple[str, ...] = ()
    reach_before: int | None = Field(None, ge=0)
    answered: bool = False
    ended: bool = False
    joined: bool = False
    recent_turn: int | None = Field(None, ge=1)
    now: AwareDatetime | None = None

    def comment(self) -> Comment:
        """The comment to be decided."""
        author = GivenAuthor(id=self.author) if isinstance(self.author, str) else self.author or GivenAuthor()
        return Comment(
            text=self.text,
            platform=self.platform,
            author=author.id,
            handle=author.handle,
            language=self.language,
            public=self.public,
            echo=self.echo,
            sent_at=self.sent_at,
            reach=self.reach,
            followers=author.followers,
        )

    def history(self) -> History:
        """What went before it."""
        return History(**{each.name: getattr(self, each.name) for each in fields(History)})


class GivenAuthor(BaseModel):
    """Who wrote it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = ""
    name: str | None = None
    handle: str | None = None
    followers: int | None = Field(None, ge=0)


def add_options(command: ArgumentParser) -> None:
    """The options of the subcommand."""
    add_sources(command)
    command.add_argument("text", nargs="?", help="a comment")
    command.add_argument(
        "--file", type=Path, metavar="F", help="comments as JSON lines: id, text, platform, language?, author?"
    )
    command.add_argument(
        "--model", type=Path, metavar="FILE", help="sort comments with the model that `policy train --out` wrote there"
    )
    command.add_argument("--language", help="what the platform says the text is written in")
    command.add_argument("--platform", default="rest", help="default rest")
    command.add_argument("--at", metavar="TIME", help="decide as of this time (RFC 3339; default now)")
    command.add_argument("--trace", action="store_true", help="every rule, not only those that matched or nearly did")
    command.add_argument("--json", action="store_true", help="one JSON object a comment")


def run(options: Namespace) -> int:
    """Decide, and say what was decided."""
    if (options.text is None) == (options.file is None):
        print("Give a text, or --file with comments as JSON lines.", file=sys.stderr)
        return WRONG_USE
    try:
        now = datetime.fromisoformat(options.at) if options.at else utc_now()
    except ValueError:
        now = datetime.min
    if now.tzinfo is None:
        print(f"--at {options.at}: a time reads like 2026-11-23T09:30:00+05:30", file=sys.stderr)
        return WRONG_USE
    policy = policy_of(options)
    if options.model is not None:
        policy = with_model(policy, options.model)
    refused = False
    try:
        for number, given in _given(options):
            if isinstance(given, str):
                refused = True
                print(f"{options.file}: line {number}: {given}", file=sys.stderr)
                continue
            _show(policy, given, given.now or now, options)
    except BrokenPipeError:
        return DONE
    except OSError as error:
        print(f"{options.file} cannot be read: {error.strerror}", file=sys.stderr)
        return CANNOT
    return DOES_NOT_HOLD if refused else DONE


def _given(options: Namespace) -> Iterator[tuple[int, Given | str]]:
    """The comments that were given by their line, a sentence where a line is none."""
    if options.text is not None:
        text = options.text.encode("utf-8", "replace").decode()
        yield 1, Given(text=text[:LONGEST_TEXT], platform=options.platform, language=options.language)
        return
    with options.file.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield number, Given.model_validate_json(line)
            except ValidationError as invalid:
                error = invalid.errors()[0]
                place = ".".join(str(part) for part in error["loc"])
                yield number, f"{place}: {error['msg']}" if place else error["msg"]


def _show(policy: PolicyInForce, given: Given, now: datetime, options: Namespace) -> None:
    comment, history = given.comment(), given.history()
    decision = policy.decide(comment, history, now)
    trace = list(policy.trace(comment, history, now)) if options.trace else None
    if options.json:
        print(json.dumps(body(given, decision, trace), ensure_ascii=False))
    else:
        print("\n".join(_lines(given, decision, policy, trace)))


def body(given: Given, decision: Decision, trace: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A decision as ``--json`` shows it."""
    explanation = decision.explanation
    return {
        "id": given.id,
        "kind": decision.kind,
        "confidence": decision.confidence,
        "topics": list(decision.topics),
        "language": decision.language,
        "sensitivity": decision.sensitivity,
        "damage": decision.damage,
        "disposition": decision.disposition,
        "level": decision.level,
        "rules": list(decision.rules),
        "signoffs": list(decision.signoffs),
        "approvals": decision.approvals,
        "clock": decision.clock,
        "answer_within": decision.answer_within,
        "duties": list(decision.duties),
        "owner": decision.owner,
        "line": decision.line,
        "masked": list(decision.masked),
        "text_masked": masked(given.text),
        "policy_version": decision.policy_version,
        "trace": {**explanation, **({} if trace is None else {"all": trace})},
    }


def _lines(
    given: Given, decision: Decision, policy: PolicyInForce, trace: list[dict[str, Any]] | None
) -> Iterator[str]:
    rung = policy.policy.ladder[decision.level]
    kinds = ", ".join(decision.explanation["kinds"])
    yield f"  {masked(given.text)}"
    yield _row("kind", f"{decision.kind} ({decision.confidence:.2f})" + f", of {kinds}" * (kinds != decision.kind))
    yield _row("topics", ", ".join(decision.topics) or "none")
    yield _row("language", decision.language)
    if decision.masked:
        yield _row("masked", ", ".join(decision.masked))
    yield _row("weight", f"{decision.sensitivity}, {decision.damage}")
    yield _row("level", f"{decision.level} {rung.name}, for {decision.owner}")
    yield _row("answer", decision.disposition + (f", by line {decision.line}" if decision.line else ""))
    signoffs = "".join(f", {each} sign-off" for each in decision.signoffs)
    counted = "1 approval" if decision.approvals == 1 else f"{decision.approvals} approvals"
    yield _row("consents", f"{counted}{signoffs}")
    yield _row("clock", f"{decision.clock}: {decision.answer_within} minutes")
    yield _row("duties", ", ".join(decision.duties) or "none")
    for rule in decision.explanation["rules"]:
        yield _row("rule", f"{rule['id']}  {rule['name']}")
    for rule in decision.explanation["nearly"]:
        yield _row("nearly", f"{rule['id']}  {rule['name']}{_missing(rule)}")
    for rule in trace or ():
        mark = "✓" if rule["matched"] else "–" if rule["read"] else "·"
        yield f"  {mark} {rule['id']:<{_SHOWN}}{rule['name']}{_missing(rule)}"
    yield ""


def _missing(rule: dict[str, Any]) -> str:
    return f" (not: {', '.join(rule['missing'])})" if rule["missing"] else ""


def _row(name: str, value: str) -> str:
    return f"  {name:<{_SHOWN}}{value}"

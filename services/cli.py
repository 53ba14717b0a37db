"""``parley``, the command line: it composes what the services and the embedded run offer.

Exit codes: 0 done, 1 the thing asked about does not hold, 2 wrong use, 3 a needed part cannot be had (one line says
which). Results go to standard output, progress to standard error.
"""

import argparse
import asyncio
import base64
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from asyncpg import PostgresError
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import ArgumentError

from services.durations import read_duration
from services.policy.adapters import cli as policy_cli
from services.policy.adapters.cli.sources import refuse
from services.policy.domain.composing.composition import InvalidPolicy
from shared import telemetry
from shared.database import Database
from shared.provisioning import SERVICES

DONE, DOES_NOT_HOLD, WRONG_USE, CANNOT = 0, 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _up(options: argparse.Namespace) -> int:
    up, embedded = _local("up"), _local("embedded")
    return int(up.run(_local_options(embedded, options), with_demo=not options.no_demo))


def _demo(options: argparse.Namespace) -> int:
    demo, embedded = _local("demo"), _local("embedded")
    return int(demo.run(_local_options(embedded, options), as_json=options.json))


def _replay(options: argparse.Namespace) -> int:
    from shared.relay import send_again

    home = _running(options.home)
    services = [options.service] if options.service else list(SERVICES)
    hours = options.since / timedelta(hours=1)

    async def replay() -> dict[str, int]:
        again = {}
        for service in services:
            database = Database(_database_url(home, service), application_name="parley-replay")
            again[service] = await send_again(database, since_hours=hours)
            await database.close()
        return again

    again = asyncio.run(replay())
    if options.json:
        print(json.dumps(again))
    else:
        for service, count in again.items():
            print(f"{service}: {count} events will be sent again")
    return DONE


def _token(options: argparse.Namespace) -> int:
    found = _running(options.home)
    named = {officer["subject"]: officer["token"] for officer in found["officers"]} | found["tokens"]
    if options.subject not in named:
        print(f"There is no {options.subject!r}; known are: {', '.join(named)}", file=sys.stderr)
        return DOES_NOT_HOLD
    print(named[options.subject])
    return DONE


def _serve(options: argparse.Namespace) -> int:
    from shared.service import serve

    settings = _settings(options.service)
    telemetry.configure(options.service, settings.log.level)
    try:
        app = _main_of(options.service).create_app(settings)
    except InvalidPolicy as invalid:
        refuse(invalid)
    serve(app, settings.http)
    return DONE


def _migrate(options: argparse.Namespace) -> int:
    from shared.migrations import migrate

    url = options.database or os.environ.get("PARLEY_DATABASE__MIGRATION_URL")
    if not url:
        print("Set PARLEY_DATABASE__MIGRATION_URL or give --database.", file=sys.stderr)
        return WRONG_USE
    try:
        migrate(options.service, url)
    except ArgumentError:
        print("An address reads like postgresql://user:password@host:port/name.", file=sys.stderr)
        return WRONG_USE
    except (OSError, PostgresError) as error:
        print(f"The database cannot be reached: {error}", file=sys.stderr)
        return CANNOT
    return DONE


def _openapi(options: argparse.Namespace) -> int:
    kind = importlib.import_module(f"services.{options.service}.settings").Settings
    # The document is the same whatever a service is connected to; nothing is connected to make it.
    given = {name: value for name, value in _NOWHERE.items() if name in kind.model_fields}
    if options.service == "policy":
        given["policies"] = {"path": os.environ.get("PARLEY_POLICIES__PATH") or _local("sample").AGENCIES_FOLDER}
    settings = kind(**given)
    print(json.dumps(_main_of(options.service).create_app(settings).openapi(), indent=1))
    return DONE


_NOWHERE: dict[str, Any] = {
    "database": {"url": "postgresql://nobody@localhost:1/nothing"},
    "kafka": {"bootstrap": "localhost:1"},
    "auth": {"issuer": "http://localhost:1", "jwks_url": "http://localhost:1/keys"},
    "secrets": {"key": base64.b64encode(bytes(32)).decode()},
}


def _settings(service: str) -> Any:
    kind = importlib.import_module(f"services.{service}.settings").Settings
    try:
        return kind()
    except ValidationError as error:
        for one in error.errors():
            for name in _variables(kind, one["loc"]):
                print(f"{name}: {one['msg']}", file=sys.stderr)
        sys.exit(WRONG_USE)


def _variables(settings: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The variables that a place in the settings comes from: those that a missing group cannot do without."""
    group = settings.model_fields[str(place[0])].annotation
    inner = group.model_fields if len(place) == 1 and isinstance(group, type) and issubclass(group, BaseModel) else {}
    needed = [(*place, name) for name, field in inner.items() if field.is_required()]
    return ["PARLEY_" + "__".join(str(part) for part in parts).upper() for parts in needed or [place]]


def _main_of(service: str) -> Any:
    return importlib.import_module(f"services.{service}.main")


def _local(part: str) -> Any:
    """A part of the embedded run, which an image does not have."""
    try:
        return importlib.import_module(f"deploy.local.{part}")
    except ImportError as error:
        print(f"The embedded run needs the extra `local` ({error.name} is missing).", file=sys.stderr)
        sys.exit(CANNOT)


def _local_options(embedded: Any, options: argparse.Namespace) -> Any:
    return embedded.Options(
        home=options.home.resolve(), port_base=options.port_base, kafka=options.kafka, database=options.database
    )


def _running(home: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] | None = _local("parley_json").read(home)
    except OSError as error:
        print(f"{error.filename} cannot be read: {error.strerror}", file=sys.stderr)
        sys.exit(CANNOT)
    if found is None:
        print(f"No Parley runs in {home}; start one with `parley up`.", file=sys.stderr)
        sys.exit(CANNOT)
    return found


def _database_url(found: dict[str, Any], service: str) -> str:
    given = os.environ.get("PARLEY_DATABASE__URL")
    return given or str(_local("embedded").service_url(found["database_url"], service))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parley", description="Lets a government answer its citizens where they speak."
    )
    commands = parser.add_subparsers(metavar="command", required=True)

    up = _add(commands, "up", _up, "start everything, write parley.json, stay")
    _add_local_options(up)
    up.add_argument("--no-demo", action="store_true", help="do not show the demo at the start")

    demo = _add(commands, "demo", _demo, "send a dozen comments and show what became of each")
    _add_local_options(demo)
    demo.add_argument("--json", action="store_true", help="one JSON object a comment on standard output")

    replay = _add(commands, "replay", _replay, "send retained events again; consumers make that harmless")
    _add_home(replay)
    replay.add_argument("--service", choices=SERVICES, help="one service's outbox (default: all)")
    replay.add_argument(
        "--since",
        type=_duration,
        default=timedelta(days=1),
        help="how far back, such as 90s, 15m, 24h, 2d (default 24h)",
    )
    replay.add_argument("--json", action="store_true", help="counts as JSON")

    token = _add(commands, "token", _token, "print the token of a sample officer or client")
    _add_home(token)
    token.add_argument("subject", help="for example governor, admin or client")

    serve = _add(commands, "serve", _serve, "run one service; settings come from PARLEY_… variables")
    serve.add_argument("service", choices=SERVICES)

    migrate = _add(commands, "migrate", _migrate, "bring one service's schema up to date")
    migrate.add_argument("service", choices=SERVICES)
    migrate.add_argument("--database", help="address of the owning role (default: PARLEY_DATABASE__MIGRATION_URL)")

    policy_cli.add_to(commands)

    openapi = _add(commands, "openapi", _openapi, "print a service's OpenAPI document")
    openapi.add_argument("service", choices=SERVICES)
    return parser


def _add(commands: Any, name: str, run: Callable[[argparse.Namespace], int], help_text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=help_text, description=help_text)
    command.set_defaults(run=run)
    return command


def _add_home(command: argparse.ArgumentParser) -> None:
    command.add_argument("--home", type=Path, default=Path(".parley"), metavar="DIR", help="default .parley")


def _add_local_options(command: argparse.ArgumentParser) -> None:
    _add_home(command)
    command.add_argument(
        "--port-base", type=_port_base, default=8000, metavar="N", help="ports N+1 to N+7 are used (default 8000)"
    )
    command.add_argument("--kafka", metavar="HOST:PORT", help="use this broker instead of the embedded one")
    command.add_argument("--database", metavar="URL", help="use this PostgreSQL instead of the embedded one")


def _port_base(given: str) -> int:
    if not given.isdigit() or not 1023 <= int(given) <= 65_500:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number from 1023 to 65500")
    return int(given)


def _duration(given: str) -> timedelta:
    try:
        return read_duration(given)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())

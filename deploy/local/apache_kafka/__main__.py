"""`python -m deploy.local.apache_kafka`: one Apache Kafka node in the foreground."""

import argparse
import sys
from pathlib import Path

from deploy.local.apache_kafka.jars import DEFAULT_JARS
from deploy.local.apache_kafka.server import run


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{port} is no port")
    return port


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run; exit codes are those of `parley`."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.apache_kafka", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder for configuration, log and data")
    parser.add_argument("--port", type=_port, required=True, help="port of the broker on 127.0.0.1")
    parser.add_argument("--controller-port", type=_port, help="port of the controller (default: a free one)")
    parser.add_argument("--jars", type=Path, default=DEFAULT_JARS, help="where Kafka's jars are kept")
    given = parser.parse_args(arguments)
    return run(given.home, given.port, given.controller_port, given.jars)


if __name__ == "__main__":
    sys.exit(main())

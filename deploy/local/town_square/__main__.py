"""`python -m deploy.local.town_square`: open the square and stay until told to stop."""

import argparse
from pathlib import Path

from .server import server
from .settings import Settings


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="town_square", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="where to listen")
    parser.add_argument("--home", type=Path, required=True, help="folder for the square's memory")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    arguments = parser.parse_args()
    server(Settings(home=arguments.home, port=arguments.port, host=arguments.host)).run()


if __name__ == "__main__":
    main()

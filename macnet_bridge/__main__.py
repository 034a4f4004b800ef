"""`python -m macnet_bridge` is `macnet-bridge`."""

from __future__ import annotations

import sys

EXIT_INTERRUPTED = 130
"""What shells make of a Ctrl-C that came before there was anything to stop."""


def main() -> None:
    """Run the command line; Ctrl-C while it is being loaded shows no traceback either."""
    try:
        from macnet_bridge.cli import main as run_command_line

        run_command_line()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()

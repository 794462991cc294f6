"""The command. Errors that people can mend are one message each, never a traceback."""

from __future__ import annotations

import signal
import sys


def main() -> None:
    """Run the command and exit with its code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to clean up: no traceback either
    if sys.argv[1:] == ["--version"]:  # the one thing that needs nothing else
        from demarcate.report.out import data
        from demarcate.version import __version__

        data().write(f"demarcate {__version__}\n")
        return
    import gc

    from demarcate.base import stopping

    stopping.listen()
    gc.set_threshold(100_000, 50, 50)  # rows are many and hold no cycles: looking for them costs a tenth of a run
    from demarcate.base.errors import DemarcateError
    from demarcate.cli import app
    from demarcate.report import out

    out.fence()
    try:
        app()
    except DemarcateError as error:
        _fail(2, *error.args)
    except BrokenPipeError:
        out.abandon()
        sys.exit(0)
    except OSError as error:
        _fail(2, f"{error.filename or 'a file'}: {error.strerror or error}")


def _fail(code: int, *messages: str) -> None:
    from demarcate.report.out import say

    for message in messages:
        say(f"demarcate: {message}")
    sys.exit(code)


if __name__ == "__main__":
    main()

"""The command. Errors that people can mend are one message each, never a traceback."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command and exit with its code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to clean up: no traceback either
    if sys.argv[1:] == ["--version"]:  # the one thing that needs nothing else
        from demarcate.version import __version__

        sys.stdout.write(f"demarcate {__version__}\n")
        return
    import gc

    from demarcate.base import stopping

    stopping.listen()
    gc.set_threshold(100_000, 50, 50)  # rows are many and hold no cycles: looking for them costs a tenth of a run
    from demarcate.base.errors import DemarcateError
    from demarcate.cli import app

    try:
        app()
    except DemarcateError as error:
        _fail(str(error), 2)
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}", 2)


def _fail(message: str, code: int) -> None:
    from demarcate.report.safe import printable

    for line in message.splitlines():
        sys.stderr.write(f"demarcate: {printable(line)}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()

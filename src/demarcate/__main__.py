"""The command. Errors that people can mend are one message each, never a traceback; neither are ours."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from demarcate.base.memory import with_room

if TYPE_CHECKING:
    import threading


def main() -> None:
    """Run the command and exit with its code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to clean up: no traceback either
    try:
        with_room(_run)
    except OSError as error:
        _fail(2, f"{error.filename or 'standard output, or a file'}: {error.strerror or error}")
    except Exception as error:
        if type(error).__name__ == "OutOfMemoryException":  # DuckDB's, which is not imported for its name
            _fail(2, "this takes more memory than judging may: give fewer sources, or fewer checks with --check")
        from demarcate.base import faults

        _fail(faults.CODE, faults.told(error))


def command() -> None:
    """Run the command as a process of its own.

    All is done at its end, but nothing taken apart that Python made: that is a thirtieth of a short run.
    """
    codes: list[int] = []
    atexit.register(lambda: _end(codes))  # whatever else is to be done then is asked for later, and done before
    try:
        main()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            codes.append(end.code or 0)
        raise
    codes.append(0)


def _end(codes: list[int]) -> None:
    """End with the code that there is; as Python does, where there is none."""
    for code in codes:
        from demarcate.base import stopping
        from demarcate.report import out

        stopping.clean_up()
        out.hand_on()
        os._exit(code)


def _run() -> None:
    if sys.argv[1:] == ["--version"]:  # the one thing that needs nothing else
        from demarcate.report.out import data, fence
        from demarcate.version import __version__

        fence()
        data().write(f"demarcate {__version__}\n")
        data().flush()
        return
    import gc
    import threading

    from demarcate.base import stopping

    stopping.listen()
    threading.excepthook = _failed
    gc.set_threshold(250_000, 50, 50)  # rows are many and hold no cycles: looking for them costs a tenth of a run
    from demarcate.base.errors import DemarcateError
    from demarcate.cli import for_verb, options_first
    from demarcate.report import out

    out.fence()
    try:
        arguments = options_first(sys.argv[1:])
        for_verb(arguments)(arguments)
    except DemarcateError as error:
        _fail(2, *error.args)
    except out.NobodyReads:
        sys.exit(0)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # for which Typer has a code of its own
            _fail(2, "a process or a server that this works with has gone")
        out.data().flush()  # what is still held back: at the interpreter's end nobody could say why it got nowhere
        gc.freeze()  # nor does it then look for cycles in all that it takes apart, a tenth of a short run
        raise


def _failed(failure: threading.ExceptHookArgs) -> None:
    """What nobody expected happened in another thread: whoever waits for its work would wait for ever."""
    if failure.exc_value is None or isinstance(failure.exc_value, OSError):  # nobody is shown how far it is
        return
    from demarcate.base import faults, stopping

    stopping.give_up(faults.told(failure.exc_value), faults.CODE)


def _fail(code: int, *messages: str) -> NoReturn:
    from demarcate.report import out

    with contextlib.suppress(OSError):  # there is nowhere left to say it
        for message in messages:
            out.complain(f"demarcate: {message}")
    out.fence()
    out.hand_on()
    sys.exit(code)


if __name__ == "__main__":
    command()

"""The one place where what went wrong becomes an exit code: 0 ok, 1 our fault, 2 bad input, 128 + the number
of the signal that stopped it (130 Ctrl-C, 143 SIGTERM)."""

import errno
import traceback
from collections.abc import Callable

import typer

from engine.cli import speak
from engine.core.errors import InputError, Problem
from engine.nautilus.interrupts import Stopped, stopped_by

OK, OUR_FAULT, BAD_INPUT = 0, 1, 2
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_SPACE_WORDS = ("No space left on device", "Disk quota exceeded", "File too large", "disk is full")


def code_of(work: Callable[[], None], *, as_json: bool) -> int:
    """Do the work; say what went wrong, if anything did."""
    try:
        work()
    except typer.Exit as exit_:
        return exit_.exit_code
    except InputError as error:
        speak.problems("bad input", error.problems, as_json=as_json)
        return BAD_INPUT
    except typer.TyperException as error:
        speak.problems(
            "bad usage", (Problem("command line", f"{error.format_message()} See: perpmm --help"),), as_json=as_json
        )
        return BAD_INPUT
    except (KeyboardInterrupt, typer.Abort) as stop:
        stopped = stopped_by(stop) if isinstance(stop, KeyboardInterrupt) else Stopped()
        speak.problems(f"stopped by {stopped.by}", (Problem("perpmm", str(stopped)),), as_json=as_json)
        return 128 + stopped.number
    except BrokenPipeError:  # whoever read our output has seen enough
        speak.go_silent()
        return OUR_FAULT
    except Exception as error:  # noqa: BLE001  the outermost loop: what nothing else has caught
        if (full := _no_space(error)) is not None:
            where = getattr(full, "filename", None) or "disk"
            speak.problems("bad input", (Problem(str(where), f"no space left: {full}"),), as_json=as_json)
            return BAD_INPUT
        speak.note("".join(traceback.format_exception(error)))
        message = f"{type(error).__name__}: {error}. This is a fault of perpmm's own, not of your input"
        speak.problems("own fault", (Problem("perpmm", message),), as_json=as_json)
        return OUR_FAULT
    return OK


def _no_space(error: BaseException | None) -> BaseException | None:
    """The full disk behind an error: libraries hide its errno in exceptions of their own, and their closing of what
    they could not write fails once more on top of it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_SPACE:
            return error
        if any(words in str(error) for words in NO_SPACE_WORDS):
            return error
        error = error.__cause__ or error.__context__
    return None

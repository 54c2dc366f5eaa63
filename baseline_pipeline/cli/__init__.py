"""The command line: one verb a job, one file a verb."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> None:
    """Run a verb; every failure that we know ends in words and its exit code."""
    import os
    from pathlib import Path

    # matplotlib, which MLflow imports, would otherwise make a folder below ~/.config
    os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))
    from baseline_pipeline.cli.app import app
    from baseline_pipeline.errors import BaselineError, system_error

    try:
        app()
    except BaselineError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  # the one place where errors are printed
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted; nothing is half-written", file=sys.stderr)  # noqa: T201  # as above
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(3)  # who cut us off has not read the verdict
    except OSError as error:
        import traceback

        if os.environ.get("BASELINE_TRACEBACK"):
            traceback.print_exc()
        print(f"error: {system_error(error)}", file=sys.stderr)  # noqa: T201  # as above
        sys.exit(3)
    except Exception as error:
        import traceback

        if os.environ.get("BASELINE_TRACEBACK"):
            traceback.print_exc()
        words = f"internal fault: {type(error).__name__}: {error}"
        next_step = "set BASELINE_TRACEBACK=1 and report what it prints"
        print(f"{words}\n  next: {next_step}", file=sys.stderr)  # noqa: T201  # as above
        sys.exit(3)


def console() -> NoReturn:
    """The command `baseline`: run a verb, and leave at once with its exit code.

    Imported libraries make millions of objects that stay, so garbage is looked for seldom; and what is still there in
    the end is left to the system, which is rid of it at once where taking it apart would need two seconds.
    """
    import gc

    gc.set_threshold(100_000, 20, 100)
    code: object = 0
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code
    _leave(code if isinstance(code, int) else int(code is not None))


def _leave(code: int) -> NoReturn:
    """End threads and do what was registered for the end, as Python does; then end the process."""
    import atexit
    import os
    import threading
    from contextlib import suppress

    try:
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001  # joins threads, and ends executors
        atexit._run_exitfuncs()  # noqa: SLF001
    except KeyboardInterrupt:
        code = 130
    with suppress(AttributeError, ValueError, OSError):  # no such stream, closed, or nobody there
        sys.stderr.flush()
    try:
        sys.stdout.flush()
    except OSError:
        code = 3  # the verdict was not read to its end
    except (AttributeError, ValueError):
        pass
    os._exit(code)

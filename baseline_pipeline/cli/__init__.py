"""The command line: one verb a job, one file a verb."""

from __future__ import annotations

import sys


def main() -> None:
    """Run a verb; every failure that we know ends in words and its exit code."""
    import os
    from pathlib import Path

    # matplotlib, which MLflow imports, would otherwise make a folder below ~/.config
    os.environ.setdefault("MPLCONFIGDIR", str(Path.home() / ".cache" / "matplotlib"))
    from baseline_pipeline.cli.app import app
    from baseline_pipeline.errors import BaselineError

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
    except Exception as error:
        import traceback

        if os.environ.get("BASELINE_TRACEBACK"):
            traceback.print_exc()
        words = f"internal fault: {type(error).__name__}: {error}"
        next_step = "set BASELINE_TRACEBACK=1 and report what it prints"
        print(f"{words}\n  next: {next_step}", file=sys.stderr)  # noqa: T201  # as above
        sys.exit(3)

"""A Matplotlib backend for pictures that only ever become files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg

if TYPE_CHECKING:
    from typing import Any

BACKEND = f"module://{__name__}"


class FigureCanvas(FigureCanvasAgg):  # type: ignore[misc]  # Matplotlib is untyped
    """Agg, without the drawing that `pyplot.savefig` does once more for a screen after the file is written."""

    def draw_idle(self, *_arguments: Any, **_options: Any) -> None:
        """Nobody looks at this canvas."""

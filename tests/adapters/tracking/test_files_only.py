import io

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from baseline_pipeline.adapters.tracking.files_only import BACKEND


def saved(backend):
    """A picture as a file, through pyplot as MLflow makes its own."""
    from matplotlib import pyplot as plt

    plt.close("all")
    mpl.use(backend)
    with mpl.rc_context({"figure.autolayout": True}):
        plt.plot([0, 1, 3], label="curve")
        plt.legend()
        file = io.BytesIO()
        plt.savefig(file, format="png")
        plt.close()
    return file.getvalue()


@pytest.fixture
def drawn(monkeypatch):
    """How often a canvas was drawn."""
    found = []
    draw = FigureCanvasAgg.draw
    monkeypatch.setattr(FigureCanvasAgg, "draw", lambda canvas: (found.append(canvas), draw(canvas)))
    yield found
    mpl.use("Agg")


def test_pictures_are_agg_s_byte_for_byte_and_drawn_once_less(drawn):
    usual, usually = saved("Agg"), len(drawn)
    ours, oftener = saved(BACKEND), len(drawn) - usually

    assert (ours == usual, usually - oftener) == (True, 1)

import threading

import pytest

from baseline_pipeline.demo import stage
from baseline_pipeline.errors import UsageError
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.home import initialise


@pytest.fixture
def settings(tmp_path, monkeypatch):
    (tmp_path / "assets").mkdir()
    monkeypatch.setenv("BASELINE_PROJECT_ROOT", str(tmp_path))
    monkeypatch.setenv("BASELINE_HOME", str(tmp_path / ".baseline"))
    return load_settings()


def removed(settings):
    for thread in threading.enumerate():
        if thread.name == stage.REMOVING:
            thread.join(10)
    return not settings.home.with_name(".baseline-removed").exists()


def test_the_last_demo_is_gone_from_its_place_at_once_and_from_the_disk_soon(settings):
    (settings.home / "store" / stage.MODEL).mkdir(parents=True)
    left_over = settings.home.with_name(".baseline-removed") / "environments"
    left_over.mkdir(parents=True)

    folder = stage.clear(settings)

    assert not settings.home.exists()
    assert sorted(folder.iterdir()) == [folder / "flights"]
    stage.bring_environments_back(settings, "")
    assert removed(settings)


def test_environments_are_there_for_the_next_demo_and_nothing_else_is(settings):
    built = settings.home / "environments" / "62151e2c390ef185fdf267ae"
    built.mkdir(parents=True)
    (settings.home / "store" / stage.MODEL).mkdir(parents=True)
    stage.clear(settings)
    initialise(settings, [stage.bring_environments_back])

    assert built.is_dir()
    assert not (settings.home / "store" / stage.MODEL).exists()
    assert removed(settings)


def test_a_first_demo_has_nothing_to_remove(settings):
    stage.clear(settings)
    stage.bring_environments_back(settings, "")

    assert removed(settings)


def test_a_home_that_cannot_be_renamed_is_emptied_where_it_is(settings, monkeypatch):
    (settings.home / "store").mkdir(parents=True)
    monkeypatch.setattr("pathlib.Path.rename", lambda *_: (_ for _ in ()).throw(OSError(16, "a volume of its own")))

    stage.clear(settings)

    assert not settings.home.exists()


def test_the_home_of_other_models_is_left_alone(settings):
    (settings.home / "store" / "churn").mkdir(parents=True)

    with pytest.raises(UsageError, match="holds other models"):
        stage.clear(settings)

    assert (settings.home / "store" / "churn").is_dir()

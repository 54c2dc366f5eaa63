"""What a project may say of itself, and what is refused in words."""

import pytest

from baseline_pipeline.contract.reading import contract_paths, read_contract
from baseline_pipeline.errors import ContractError
from baseline_pipeline.settings import load_settings


@pytest.fixture
def told(tmp_path):
    """Settings of a project whose pyproject.toml holds these bytes."""
    (tmp_path / "assets").mkdir()

    def found(content):
        (tmp_path / "pyproject.toml").write_bytes(content)
        return load_settings(tmp_path, environ={})

    return found


@pytest.mark.parametrize("content", [b"", b"[tool]", b"[project]\nname = 'x'", b"[tool.other]\nhome = 1"])
def test_a_project_that_says_nothing_has_the_defaults(told, content):
    settings = told(content)

    assert settings.home == settings.project / ".baseline"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[tool.baseline", "is not valid TOML"),
        (b"name = '\xff'", "is not valid TOML"),
        (b"[tool]\nbaseline = 3", "3 stood here; accepted: a table with home, tracking_uri"),
        (b"tool = 'x'", "'x' stood here; accepted: a table with home, tracking_uri"),
        (b"[tool.baseline]\nhme = 'x'", "'hme' is not a setting; did you mean 'home'?"),
        (b"[tool.baseline]\nhome = '~nobody_of_that_name/x'", "begins with a user who is not here"),
        (b"[tool.baseline]\nhome = 3", "3 stood here; accepted: a non-empty text"),
    ],
)
def test_settings_that_are_none_are_refused_with_their_place(told, content, words):
    with pytest.raises(ContractError) as refused:
        told(content)

    assert words in str(refused.value)


def test_a_folder_in_a_contracts_place_is_no_contract(tmp_path):
    folder = tmp_path / "hives" / "defs.yaml"
    folder.mkdir(parents=True)

    assert contract_paths(tmp_path) == {}
    with pytest.raises(ContractError, match=r"hives/defs.yaml: cannot be read: Is a directory"):
        read_contract(folder)

import pytest

from baseline_pipeline.adapters.environments.machine import observed_facts
from baseline_pipeline.environment.manifest import content_digest, contradictions, moved, read_manifest
from baseline_pipeline.errors import ContractError

YAML = "cores: 2\nmemory_gb: 16.0\ncontainer: {image: app}\n"
JSON = '{"container": {"image": "app"}, "memory_gb": 16.0, "cores": 2}'
TOML = 'memory_gb = 16.0\ncores = 2\n[container]\nimage = "app"\n'


def test_the_same_content_in_three_formats_is_the_same_manifest():
    digests = {
        content_digest(read_manifest(name, text))
        for name, text in (("m.yaml", YAML), ("m.json", JSON), ("m.toml", TOML))
    }

    assert len(digests) == 1


def test_what_moved_is_told_by_path():
    after = read_manifest("m.yaml", YAML.replace("cores: 2", "cores: 4").replace("app", "app:2"))

    assert moved(read_manifest("m.yaml", YAML), after) == ("container.image app -> app:2", "cores 2 -> 4")


def test_memory_may_differ_by_five_percent_and_cores_not_at_all():
    manifest = read_manifest("m.yaml", YAML)

    assert contradictions(manifest, {"cores": 2, "memory_gb": 15.5}) == ()
    assert contradictions(manifest, {"cores": 8, "memory_gb": 8.0}) == (
        "cores 2 declared, 8 observed",
        "memory_gb 16.0 declared, 8.0 observed",
    )


def test_this_machine_agrees_with_itself():
    facts = observed_facts()
    text = "\n".join(f"{key}: {facts[key]!r}" for key in ("cores", "memory_gb", "architecture", "python"))

    assert contradictions(read_manifest("m.yaml", text), facts) == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.yaml", "a: 1\na: 2\n"),
        ("m.yaml", "- a\n"),
        ("m.yaml", "a: &x 1\n"),
        ("m.yaml", "a: .nan\n"),
        ("m.json", '{"a": 1, "a": 2}'),
        ("m.json", '{"a": NaN}'),
        ("m.json", "{"),
        ("m.toml", "a = "),
        ("m.yaml", ""),
    ],
)
def test_an_ambiguous_manifest_is_refused(name, text):
    with pytest.raises(ContractError, match="m\\."):
        read_manifest(name, text)

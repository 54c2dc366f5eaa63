"""conda-lock.yml, the unified format."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from baseline_pipeline.environment.lock import Package
from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import digest_of


def parse(name: str, text: str) -> list[Package]:
    """The packages of a conda-lock file; the platform stands where others have markers.

    Raises:
        ContractError: when it is not YAML, or not a conda-lock file.
    """
    import yaml

    try:
        document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # a safe loader
    except yaml.YAMLError as error:
        message = f"{name}: not valid YAML: {str(error).splitlines()[0]}"
        raise ContractError(message, next_step="run conda-lock anew") from error
    entries = document.get("package") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        message = f"{name}: no `package:` list in it; accepted: the unified format of conda-lock"
        raise ContractError(message, next_step="run `conda-lock lock`")
    return [
        Package(
            name=canonicalize_name(str(entry["name"])),
            version=str(entry["version"]),
            hashes=digest_of(entry["hash"]) if entry.get("hash") else None,
            marker=" ".join(str(entry[key]) for key in ("manager", "platform") if key in entry),
        )
        for entry in entries
        if isinstance(entry, dict) and {"name", "version"} <= entry.keys()
    ]

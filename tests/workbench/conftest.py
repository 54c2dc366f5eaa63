"""A project whose baseline is established and whose candidates wait for people."""

import subprocess
import sys

import pytest

OTHER = """\
import numpy as np


def predict(features):
    return (1 / (1 + np.exp(-1.02 * features["x"]))).to_numpy()


def worse(features):
    return (1 / (1 + np.exp(features["x"]))).to_numpy()
"""


class Gated:
    """A project, what waits in it, and who may speak."""

    other = OTHER

    def __init__(self, project):
        self.project = project

    def __getattr__(self, name):
        return getattr(self.project, name)

    def waiting(self, candidate="othermodel:predict"):
        """The gate's answer about a candidate."""
        from baseline_pipeline.workbench.promotions.gating import Asked, gate

        bench = self.bench()
        return gate(bench, bench.contract("small"), Asked(candidate))

    def roster(self, keys, *lines):
        """Write who may do what: pairs of a key's name and its roles, options before a bar."""
        text = ""
        for name, rest in lines:
            options, _, said = rest.rpartition(" | ")
            public = " ".join((keys / f"{name}.pub").read_text().split()[:2])
            text += f"{name}@example.com,{name} {options} {public} {said}\n"
        (self.root / "allowed_signers").write_text(text)


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ada", "bob", "cy", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder


@pytest.fixture
def gated(project):
    """An established baseline; `waiting` gates a candidate against it."""
    (project.root / "othermodel.py").write_text(OTHER)
    project.run()
    project.establish()
    yield Gated(project)
    sys.modules.pop("othermodel", None)

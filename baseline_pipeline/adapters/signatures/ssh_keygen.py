"""Signing with the agent, a key file or a hardware key, by OpenSSH's own program: private keys never come near us."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from baseline_pipeline.errors import UsageError

SECONDS = 120
"""A hardware key waits for a touch."""


def sign(message: bytes, namespace: str, key: Path | None) -> str:
    """The armoured signature of a message.

    Args:
        message: What is signed.
        namespace: What for.
        key: A private key's file, or a public one's whose private half the agent or a hardware key holds;
            `~/.ssh/id_ed25519` or `~/.ssh/id_ed25519_sk` by default.

    Raises:
        UsageError: when there is no key, no `ssh-keygen`, or it refuses.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        words = "ssh-keygen is not there"
        raise UsageError(words, next_step="install OpenSSH's client (openssh-client)")
    chosen = _chosen(key)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "statement"
        file.write_bytes(message)
        command = [program, "-Y", "sign", "-q", "-n", namespace, "-f", str(chosen), str(file)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603  # no shell, our own words
        except subprocess.TimeoutExpired as error:
            words = f"ssh-keygen did not answer within {SECONDS} s"
            raise UsageError(words, next_step="touch the key, or unlock it with `ssh-add` first") from error
        signature = file.with_name("statement.sig")
        if done.returncode or not signature.is_file():
            words = f"ssh-keygen does not sign: {(done.stderr.strip().splitlines() or ['it gave no reason'])[-1]}"
            raise UsageError(words, next_step="unlock the key with `ssh-add`")
        return signature.read_text()


def _chosen(key: Path | None) -> Path:
    folder = Path(os.environ.get("HOME", "~")).expanduser() / ".ssh"
    usual = next((folder / name for name in ("id_ed25519", "id_ed25519_sk") if (folder / name).is_file()), None)
    chosen = key or usual
    if chosen is None or not chosen.is_file():
        words = f"no SSH key at {chosen}" if chosen else "no SSH key: neither id_ed25519 nor id_ed25519_sk in ~/.ssh"
        raise UsageError(words, next_step="name one with --key, or make one with `ssh-keygen -t ed25519`")
    return chosen


def public_half(key: Path | None) -> bytes:
    """The public key that belongs to what would sign, as its bytes.

    Raises:
        UsageError: when there is no such key.
    """
    import base64

    chosen = _chosen(key)
    public = chosen if chosen.suffix == ".pub" else chosen.with_name(f"{chosen.name}.pub")
    try:
        return base64.b64decode(public.read_text().split()[1], validate=True)
    except (OSError, IndexError, ValueError) as error:
        words = f"{public} is no public key"
        raise UsageError(words, next_step=f"write it with `ssh-keygen -y -f {chosen.name} > {public.name}`") from error

r"""Check an exported ledger with nothing but Python: `python3 verify_ledger.py ledger.jsonl [CHECKPOINT ...]`.

Every record is bound to the one before it: hash = SHA-256("baseline-ledger-v1\n", the predecessor's hash (32 bytes),
place and length of the body (8 bytes each, big-endian), body). A checkpoint says what the hash of record n was; kept
elsewhere, it shows a tail that was cut and a past that was rewritten. Who signed a checkpoint is told by
`ssh-keygen -Y verify -f allowed_signers -I NAME -n checkpoint@baseline-pipeline -s FILE.sig < FILE`.
"""

import hashlib
import json
import struct
import sys
from pathlib import Path
from typing import Any

GENESIS = "0" * 64
COPIES = ("seq", "key", "kind", "model")


def link(prev: str, seq: int, body: str) -> str:
    """The hash that a record must have."""
    content = body.encode()
    head = b"baseline-ledger-v1\n" + bytes.fromhex(prev) + struct.pack(">QQ", seq, len(content))
    return hashlib.sha256(head + content).hexdigest()


def wrong(entry: dict[str, Any], place: int, prev: str) -> str:
    """What is wrong with a record, or nothing."""
    if entry["seq"] != place:
        return f"it is missing; record {entry['seq']} stands in its place"
    if entry["prev"] != prev:
        return "it does not follow the record before it"
    if link(prev, place, entry["body"]) != entry["hash"]:
        return "its content is not what its hash says"
    body = json.loads(entry["body"])
    if any(body.get(name) != entry[name] for name in COPIES):
        return "its columns are not those of its content"
    return ""


def checkpoint(path: str, store: str) -> tuple[int, str]:
    """Size and hash that a checkpoint's four lines state."""
    title, of, size, head = Path(path).read_text(encoding="utf-8").splitlines()[:4]
    if title != "baseline-ledger-checkpoint-v1" or of != store:
        raise SystemExit(f"{path}: no checkpoint of ledger {store}")
    return int(size), head


def main(export: str, *checkpoints: str) -> None:
    """Print what the ledger comes to, or the first bad record."""
    with Path(export).open(encoding="utf-8") as file:
        store = json.loads(next(file))["ledger"]
        wanted = dict(checkpoint(path, store) for path in checkpoints)
        size, head = 0, GENESIS
        for line in file:
            size += 1
            entry = json.loads(line)
            problem = wrong(entry, size, head)
            head = entry["hash"]
            if not problem and wanted.pop(size, head) != head:
                problem = "the past was rewritten: a checkpoint knows another record here"
            if problem:
                raise SystemExit(f"record {size}: {problem}")
    if wanted.pop(0, GENESIS) != GENESIS or wanted:
        raise SystemExit(f"the tail was cut: {size} records are there, a checkpoint knows of {max(wanted)}")
    print(f"{size} records of ledger {store} are as they were written; the last one is {head}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What the database itself refuses: any change of a record, and any new one that does not follow the last."""

from __future__ import annotations

from baseline_pipeline.governance.chain import GENESIS

_SQLITE_KEEPS = """
CREATE TRIGGER IF NOT EXISTS ledger_keeps_rows_{verb} BEFORE {verb} ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""
_SQLITE_FOLLOWS = """
CREATE TRIGGER IF NOT EXISTS ledger_follows BEFORE INSERT ON ledger BEGIN SELECT CASE
  WHEN NEW.seq <> (SELECT COALESCE(MAX(seq), 0) + 1 FROM ledger)
    THEN RAISE(ABORT, 'the ledger is append-only: not the next place')
  WHEN NEW.prev <> COALESCE((SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1), '{genesis}')
    THEN RAISE(ABORT, 'the ledger is append-only: does not follow the last record')
END; END"""
"""Also against INSERT OR REPLACE, which deletes without asking the triggers of DELETE."""
_POSTGRESQL_KEEPS = (
    """
CREATE OR REPLACE FUNCTION ledger_keeps_rows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$""",
    """
CREATE OR REPLACE TRIGGER ledger_keeps_rows BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
FOR EACH STATEMENT EXECUTE FUNCTION ledger_keeps_rows()""",
)
_POSTGRESQL_FOLLOWS = (
    """
CREATE OR REPLACE FUNCTION ledger_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE place bigint; head text;
BEGIN
  SELECT seq, hash INTO place, head FROM ledger ORDER BY seq DESC LIMIT 1;
  IF NEW.seq <> COALESCE(place, 0) + 1 OR NEW.prev <> COALESCE(head, '{genesis}') THEN
    RAISE EXCEPTION 'the ledger is append-only: does not follow the last record';
  END IF;
  RETURN NEW;
END $$""",
    """
CREATE OR REPLACE TRIGGER ledger_follows BEFORE INSERT ON ledger
FOR EACH ROW EXECUTE FUNCTION ledger_follows()""",
)


def guards(dialect: str) -> tuple[str, ...]:
    """Statements that make the triggers; safe to repeat."""
    if dialect == "sqlite":
        keeps = tuple(_SQLITE_KEEPS.format(verb=verb) for verb in ("DELETE", "UPDATE"))
        return (*keeps, _SQLITE_FOLLOWS.format(genesis=GENESIS))
    return (*_POSTGRESQL_KEEPS, *(one.format(genesis=GENESIS) for one in _POSTGRESQL_FOLLOWS))

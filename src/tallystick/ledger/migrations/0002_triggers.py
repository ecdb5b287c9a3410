"""The book refuses what isn't balanced, what is empty, and what comes late.

Lines are inserted first; inserting the entry seals them. Statement triggers over transition tables cost a fraction
of per-row deferred ones. LATERAL keeps them at one look into an index per row: a plain join is planned as a scan of
the whole book, and then each payment costs more than the one before.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

SEAL = """
CREATE FUNCTION seal_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM fresh e LEFT JOIN LATERAL (
      SELECT count(*) AS lines, sum(l.amount_minor) AS amount FROM journal_line l
      WHERE l.entry_id = e.id AND l.seller_id = e.seller_id GROUP BY l.currency) s ON true
    WHERE s.lines IS NULL OR s.lines < 2 OR s.amount <> 0
  ) THEN
    RAISE EXCEPTION 'a journal entry must have lines that sum to zero in each currency'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_entry_balanced';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER journal_entry_balanced AFTER INSERT ON journal_entry REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION seal_entries();

CREATE FUNCTION refuse_late_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM fresh l CROSS JOIN LATERAL (SELECT 1 FROM journal_entry e WHERE e.id = l.entry_id OFFSET 0) e
  ) THEN
    RAISE EXCEPTION 'a journal entry gains no lines once it is written'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'journal_line_in_time';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER journal_line_in_time AFTER INSERT ON journal_line REFERENCING NEW TABLE AS fresh
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_late_lines();
"""
UNSEAL = """
DROP TRIGGER journal_entry_balanced ON journal_entry; DROP FUNCTION seal_entries();
DROP TRIGGER journal_line_in_time ON journal_line; DROP FUNCTION refuse_late_lines();
"""


class Migration(migrations.Migration):
    """Two statement triggers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("ledger", "0001_initial")]
    operations: ClassVar[list[migrations.RunSQL]] = [migrations.RunSQL(SEAL, UNSEAL)]

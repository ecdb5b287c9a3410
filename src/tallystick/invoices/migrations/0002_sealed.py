"""An issued document is immutable: only what happened to it may change, and its parts not at all."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

SEAL_INVOICE = """
CREATE FUNCTION refuse_issued_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'an issued document is kept' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF (NEW.id, NEW.seller_id, NEW.kind, NEW.customer_id, NEW.credits_id, NEW.currency, NEW.language, NEW.po_number,
      NEW.delivered_on, NEW.notes, NEW.terms, NEW.terms_note, NEW.net_minor, NEW.tax_minor, NEW.rounding_minor,
      NEW.total_minor, NEW.series_id, NEW.number_period, NEW.number_index, NEW.number, NEW.issued_on, NEW.issued_at)
     IS DISTINCT FROM
     (OLD.id, OLD.seller_id, OLD.kind, OLD.customer_id, OLD.credits_id, OLD.currency, OLD.language, OLD.po_number,
      OLD.delivered_on, OLD.notes, OLD.terms, OLD.terms_note, OLD.net_minor, OLD.tax_minor, OLD.rounding_minor,
      OLD.total_minor, OLD.series_id, OLD.number_period, OLD.number_index, OLD.number, OLD.issued_on, OLD.issued_at)
     OR (OLD.voided_at IS NOT NULL AND NEW.voided_at IS DISTINCT FROM OLD.voided_at)
  THEN
    RAISE EXCEPTION 'an issued document is immutable: correct it by a credit note'
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'invoice_sealed';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER invoice_sealed BEFORE UPDATE OR DELETE ON invoice
  FOR EACH ROW WHEN (OLD.number IS NOT NULL) EXECUTE FUNCTION refuse_issued_change();
"""

PART = """
CREATE TRIGGER {table}_sealed_{verb} AFTER {verb} ON {table} REFERENCING {which} TABLE AS touched
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_part_change();
"""
SEAL_PARTS = """
CREATE FUNCTION refuse_part_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A scalar subquery over the whole key (seller_id, id): anything looser turns quadratic while there are no statistics.
  IF EXISTS (
    SELECT 1 FROM touched t WHERE (
      SELECT i.number FROM invoice i WHERE i.seller_id = t.seller_id AND i.id = t.invoice_id) IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'an issued document is immutable: % refused on %', TG_OP, TG_TABLE_NAME
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'document_part_sealed';
  END IF;
  RETURN NULL;
END $$;
""" + "".join(
    PART.format(table=table, verb=verb, which=which)
    for table in ("invoice_line", "document_adjustment", "document_content")
    for verb, which in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)


class Migration(migrations.Migration):
    """One row trigger, nine statement triggers."""

    dependencies: ClassVar[list[tuple[str, str]]] = [("invoices", "0001_initial")]
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(SEAL_INVOICE, "DROP FUNCTION refuse_issued_change() CASCADE"),
        migrations.RunSQL(SEAL_PARTS, "DROP FUNCTION refuse_part_change() CASCADE"),
    ]

"""Functions that tables of every room hang their rules on."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""

RECORD_AUDIT = """
CREATE FUNCTION record_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  hidden constant text[] := ARRAY['sealed_config', 'sealed_login', 'search', 'secret_digest'];
  before jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - hidden END;
  after jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - hidden END;
BEGIN
  INSERT INTO audit_row (seller_id, table_name, row_id, at, actor_id, old, new)
  VALUES (
    coalesce(after ->> 'seller_id', before ->> 'seller_id', after ->> 'id', before ->> 'id')::uuid,
    TG_TABLE_NAME, coalesce(after ->> 'id', before ->> 'id')::uuid, now(),
    nullif(current_setting('app.actor', true), '')::uuid, before, after);
  RETURN NULL;
END $$;
"""

SEARCH = """
CREATE FUNCTION tally_words(VARIADIC parts text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT translate(lower(array_to_string(parts, ' ')),
    'ăâàáäãåçčďđéèêëěęíìîïłľĺñńňóòôöõőøřŕšșşśťțţúùûüůűýÿžźż-_/.@',
    'aaaaaaaccddeeeeeeiiiilllnnnooooooorrsssstttuuuuuuyyzzz     ')
$$;
CREATE FUNCTION tally_vector(config text, words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT to_tsvector('pg_catalog.simple'::regconfig, words)
$$;
"""


class Migration(migrations.Migration):
    """Before every table."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar[list[migrations.RunSQL]] = [
        migrations.RunSQL(REFUSE_CHANGE, "DROP FUNCTION refuse_change()"),
        migrations.RunSQL(RECORD_AUDIT, "DROP FUNCTION record_audit()"),
        migrations.RunSQL(
            SEARCH,
            "DROP FUNCTION tally_vector(text, text); DROP FUNCTION tally_words(text[])",
        ),
    ]

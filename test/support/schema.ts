import type { Client } from 'pg';

/**
 * What the catalogues tell of the schema `public`, in lines that can be compared: tables, columns,
 * constraints, indexes, triggers, functions, sequences, rights and default rights. The table in
 * which migrations are counted is left out, and so is the order of columns: one that is dropped and
 * added again is the last.
 */
export async function schemaOf(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ line: string }>(`
    WITH tables AS (
      SELECT oid, relname, relkind, relacl, relrowsecurity, relowner FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind <> 'i' AND relname !~ 'migrations'
    )
    SELECT concat_ws(' ', 'relation', relkind, relname, pg_get_userbyid(relowner),
                     relrowsecurity, relacl) AS line FROM tables
    UNION ALL
    SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod),
                     attnotnull, attidentity, attgenerated, attacl, pg_get_expr(adbin, adrelid))
    FROM tables JOIN pg_attribute a ON attrelid = tables.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attnum > 0 AND relkind = 'r' AND NOT attisdropped
    UNION ALL
    SELECT concat_ws(' ', 'constraint', relname, conname, convalidated, pg_get_constraintdef(c.oid))
    FROM tables JOIN pg_constraint c ON conrelid = tables.oid
    UNION ALL
    SELECT concat_ws(' ', 'index', indisunique, indisvalid, pg_get_indexdef(indexrelid))
    FROM tables JOIN pg_index ON indrelid = tables.oid
    UNION ALL
    SELECT concat_ws(' ', 'trigger', tgenabled, pg_get_triggerdef(t.oid))
    FROM tables JOIN pg_trigger t ON tgrelid = tables.oid WHERE NOT tgisinternal
    UNION ALL
    SELECT concat_ws(' ', 'function', proname, proacl, pg_get_functiondef(oid)) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
    UNION ALL
    SELECT concat_ws(' ', 'type', typtype, typname, typacl) FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typname !~ 'migrations'
    UNION ALL
    SELECT concat_ws(' ', 'extension', extname, extversion) FROM pg_extension
    UNION ALL
    SELECT concat_ws(' ', 'schema', nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL
    SELECT concat_ws(' ', 'default rights', pg_get_userbyid(defaclrole), defaclobjtype, defaclacl)
    FROM pg_default_acl
    ORDER BY line`);
  return rows.map(({ line }) => line);
}

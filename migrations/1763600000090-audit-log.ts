import canonicalize from 'canonicalize';
import type { MigrationInterface, QueryRunner } from 'typeorm';

interface OldEvent {
  id: string;
  time: string;
  action: string;
  category: string;
  outcome: string;
  actor_kind: string;
  actor_id: string | null;
  api_key_id: string | null;
  target_kind: string | null;
  target_id: string | null;
  address: string | null;
  user_agent: string | null;
  request_id: string;
  payload: object;
}

/** Columns that searches need. The database takes them out of the leaf, so that they cannot differ. */
const derived = [
  ['action', `text NOT NULL`, `leaf::jsonb ->> 'action'`],
  ['actor_id', `uuid`, `(leaf::jsonb #>> '{actor,id}')::uuid`],
  ['api_key_id', `uuid`, `(leaf::jsonb #>> '{actor,apiKeyId}')::uuid`],
  ['target_id', `text`, `leaf::jsonb #>> '{target,id}'`],
  ['request_id', `text NOT NULL`, `leaf::jsonb ->> 'requestId'`],
] as const;

/**
 * The trail becomes a log that can be proved: an event is one line of canonical JSON, its leaf;
 * the log gives it a number and hashes it into a Merkle tree.
 */
export class AuditLog1763600000090 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_events RENAME TO audit_events_before');
    await this.createEvents(runner);
    await this.createLog(runner);
    await this.createFunctions(runner);
    await this.moveEvents(runner);
    await runner.query('DROP TABLE audit_events_before');
    await this.limitTheService(runner);
  }

  private async createEvents(runner: QueryRunner): Promise<void> {
    const columns = derived.map(
      ([name, type, from]) => `${name} ${type} GENERATED ALWAYS AS (${from}) STORED`,
    );
    // By month: a UUIDv7 begins with its time, so one key serves identity, order and partition.
    await runner.query(`
      CREATE TABLE audit_events (
        id uuid NOT NULL,
        leaf text NOT NULL,
        ${columns.join(',\n        ')},
        PRIMARY KEY (id)
      ) PARTITION BY RANGE (id)`);
    for (const column of ['actor_id', 'target_id', 'action', 'request_id', 'api_key_id']) {
      await runner.query(
        `CREATE INDEX audit_events_of_${column} ON audit_events (${column}, id)
         ${column === 'api_key_id' ? 'WHERE api_key_id IS NOT NULL' : ''}`,
      );
    }
    // Where an event came from: found by address, and forgotten with the person.
    await runner.query(`
      CREATE TABLE audit_addresses (
        address inet NOT NULL,
        event_id uuid NOT NULL,
        subject_id uuid,
        PRIMARY KEY (address, event_id)
      )`);
    await runner.query(
      `CREATE INDEX audit_addresses_of_subject ON audit_addresses (subject_id)
       WHERE subject_id IS NOT NULL`,
    );
    await runner.query(`
      CREATE TABLE audit_subject_keys (
        subject_id uuid PRIMARY KEY,
        wrapped bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        destroyed_at timestamptz,
        CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
      )`);
  }

  private async createLog(runner: QueryRunner): Promise<void> {
    // No index: it holds what was written in the last second, and is read as a whole.
    await runner.query(`
      CREATE TABLE audit_pending (
        event_id uuid NOT NULL,
        leaf_hash bytea NOT NULL CHECK (length(leaf_hash) = 32),
        address inet,
        subject_id uuid
      )`);
    await runner.query(`
      CREATE TABLE audit_entries (
        log_index bigint PRIMARY KEY CHECK (log_index >= 0),
        event_id uuid NOT NULL UNIQUE
      )`);
    await runner.query(`
      CREATE TABLE audit_tiles (
        level smallint NOT NULL,
        index bigint NOT NULL,
        hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
        PRIMARY KEY (level, index)
      )`);
    // Hashes do not compress.
    await runner.query('ALTER TABLE audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL');
    await runner.query(`
      CREATE TABLE audit_checkpoints (
        size bigint PRIMARY KEY,
        root bytea NOT NULL,
        note text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
    await runner.query(`
      CREATE TABLE audit_log_keys (
        origin text PRIMARY KEY,
        seed_sealed bytea NOT NULL,
        verifier text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  private async createFunctions(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE OR REPLACE FUNCTION audit_events_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- Set by the operators' command that removes what is older than the time to keep it.
        IF TG_OP = 'DELETE' AND current_setting('gatehouse.audit_prune', true) = 'on' THEN
          RETURN OLD;
        END IF;
        RAISE EXCEPTION 'audit events are final' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await runner.query(`
      CREATE FUNCTION audit_tiles_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'UPDATE' AND NEW.level = OLD.level AND NEW.index = OLD.index
           AND substring(NEW.hashes FOR length(OLD.hashes)) = OLD.hashes THEN
          RETURN NEW;
        END IF;
        RAISE EXCEPTION 'tiles of the audit log only grow' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    // Row triggers on the parent hold for its partitions as well; TRUNCATE knows only statements.
    await runner.query(`
      CREATE TRIGGER audit_events_are_final BEFORE UPDATE OR DELETE ON audit_events
        FOR EACH ROW EXECUTE FUNCTION audit_events_are_final()`);
    await runner.query(`
      CREATE TRIGGER audit_tiles_only_grow BEFORE UPDATE OR DELETE ON audit_tiles
        FOR EACH ROW EXECUTE FUNCTION audit_tiles_only_grow()`);
    for (const table of ['audit_events', 'audit_entries', 'audit_tiles']) {
      await runner.query(`
        CREATE TRIGGER ${table}_are_not_emptied BEFORE TRUNCATE ON ${table}
          FOR EACH STATEMENT EXECUTE FUNCTION audit_events_are_final()`);
    }
    await runner.query(`
      CREATE TRIGGER audit_entries_are_final BEFORE UPDATE OR DELETE ON audit_entries
        FOR EACH ROW EXECUTE FUNCTION audit_events_are_final()`);
    await runner.query(`
      CREATE FUNCTION audit_first_id(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE
      SET search_path = pg_catalog AS $$
        SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
                || '00000000000000000000')::uuid
      $$`);
    // The service may call it, to be ready for the next months; it creates and does nothing else.
    await runner.query(`
      CREATE FUNCTION audit_add_month(moment timestamptz) RETURNS boolean LANGUAGE plpgsql
      SECURITY DEFINER SET search_path = public, pg_temp AS $$
      DECLARE
        first timestamptz := date_trunc('month', moment, 'UTC');
        name text := 'audit_events_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
      BEGIN
        IF to_regclass(name) IS NOT NULL THEN RETURN false; END IF;
        EXECUTE format('CREATE TABLE %I PARTITION OF audit_events FOR VALUES FROM (%L) TO (%L)',
          name, audit_first_id(first), audit_first_id(first + interval '1 month'));
        EXECUTE format('CREATE TRIGGER audit_events_are_not_emptied BEFORE TRUNCATE ON %I
          FOR EACH STATEMENT EXECUTE FUNCTION audit_events_are_final()', name);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          EXECUTE format('REVOKE ALL ON %I FROM gatehouse_service', name);
        END IF;
        RETURN true;
      EXCEPTION WHEN check_violation THEN
        RETURN false; -- events of that month lie in the partition for the rest: they stay there
      END $$`);
    await runner.query('CREATE TABLE audit_events_rest PARTITION OF audit_events DEFAULT');
    await runner.query(`
      CREATE TRIGGER audit_events_are_not_emptied BEFORE TRUNCATE ON audit_events_rest
        FOR EACH STATEMENT EXECUTE FUNCTION audit_events_are_final()`);
    await runner.query(`
      SELECT audit_add_month(month) FROM generate_series(
        coalesce((SELECT min(occurred_at) FROM audit_events_before), now()),
        now() + interval '2 months', interval '1 month') AS month`);
    await runner.query(`
      SELECT audit_add_month(now() + make_interval(months => n)) FROM generate_series(0, 2) AS n`);
  }

  /** Events of before the log begin it, in the order of their time. */
  private async moveEvents(runner: QueryRunner): Promise<void> {
    for (let after: OldEvent | undefined; ;) {
      const page = (await runner.query(
        `SELECT *, host(address) AS address,
                to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS time
         FROM audit_events_before WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT 5000`,
        [after?.id ?? null],
      )) as OldEvent[];
      const leaves = page.map((event) => canonicalize(leafOf(event)));
      await runner.query(
        `WITH event AS (
           INSERT INTO audit_events (id, leaf)
           SELECT * FROM unnest($1::uuid[], $2::text[]) RETURNING id, leaf
         )
         INSERT INTO audit_pending (event_id, leaf_hash, address, subject_id)
         SELECT id, sha256('\\x00'::bytea || convert_to(leaf, 'UTF8')), address, actor_id
         FROM event JOIN unnest($1::uuid[], $3::inet[], $4::uuid[])
           AS origin (id, address, actor_id) USING (id)`,
        [
          page.map(({ id }) => id),
          leaves,
          page.map(({ address }) => address),
          page.map(({ actor_id }) => actor_id),
        ],
      );
      after = page.at(-1);
      if (!after) return;
    }
  }

  private async limitTheService(runner: QueryRunner): Promise<void> {
    await runner.query('REVOKE ALL ON FUNCTION audit_add_month(timestamptz) FROM public');
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          REVOKE ALL ON audit_events_rest FROM gatehouse_service;
          REVOKE UPDATE, DELETE ON audit_events, audit_entries FROM gatehouse_service;
          REVOKE DELETE ON audit_tiles, audit_checkpoints FROM gatehouse_service;
          REVOKE UPDATE ON audit_pending, audit_checkpoints, audit_log_keys, audit_addresses
            FROM gatehouse_service;
          REVOKE DELETE ON audit_log_keys, audit_subject_keys FROM gatehouse_service;
          GRANT EXECUTE ON FUNCTION audit_add_month(timestamptz) TO gatehouse_service;
        END IF;
      END $$`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_events RENAME TO audit_log_events');
    await runner.query(`
      CREATE TABLE audit_events (
        id uuid PRIMARY KEY,
        occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        action text NOT NULL,
        category text NOT NULL,
        outcome text NOT NULL CHECK (outcome IN ('success', 'failure')),
        actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'anonymous', 'system', 'operator')),
        actor_id uuid,
        target_kind text,
        target_id text,
        address inet,
        user_agent text,
        request_id text NOT NULL,
        payload jsonb NOT NULL,
        api_key_id uuid
      )`);
    // What is sealed stays behind: the migration has no keys.
    await runner.query(`
      INSERT INTO audit_events
      SELECT id, (leaf::jsonb ->> 'time')::timestamptz, action, leaf::jsonb ->> 'category',
             leaf::jsonb ->> 'outcome', leaf::jsonb #>> '{actor,kind}', actor_id,
             leaf::jsonb #>> '{target,kind}', target_id, address,
             leaf::jsonb #>> '{origin,userAgent}', request_id, leaf::jsonb -> 'payload', api_key_id
      FROM audit_log_events LEFT JOIN audit_addresses ON event_id = id
      WHERE leaf::jsonb #>> '{actor,kind}' <> 'service'`);
    for (const table of [
      'log_keys',
      'checkpoints',
      'tiles',
      'entries',
      'pending',
      'subject_keys',
    ]) {
      await runner.query(`DROP TABLE audit_${table}`);
    }
    await runner.query('DROP TABLE audit_addresses, audit_log_events');
    await runner.query('DROP FUNCTION audit_add_month(timestamptz), audit_first_id(timestamptz)');
    await runner.query('DROP FUNCTION audit_tiles_only_grow()');
    await runner.query('CREATE INDEX audit_events_by_time ON audit_events (occurred_at, id)');
    for (const column of ['actor', 'target', 'api_key']) {
      await runner.query(`
        CREATE INDEX audit_events_by_${column} ON audit_events (${column}_id, occurred_at)
        ${column === 'api_key' ? 'WHERE api_key_id IS NOT NULL' : ''}`);
    }
    await runner.query(`
      CREATE OR REPLACE FUNCTION audit_events_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'audit events are final' USING ERRCODE = 'insufficient_privilege';
      END $$`);
    await runner.query(`
      CREATE TRIGGER audit_events_are_final
        BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION audit_events_are_final()`);
    await runner.query(`
      DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_service') THEN
          REVOKE UPDATE, DELETE ON audit_events FROM gatehouse_service;
        END IF;
      END $$`);
  }
}

function leafOf(event: OldEvent): object {
  const { address, user_agent: userAgent } = event;
  return {
    id: event.id,
    time: event.time,
    action: event.action,
    category: event.category,
    outcome: event.outcome,
    actor: {
      kind: event.actor_kind,
      ...(event.actor_id && { id: event.actor_id }),
      ...(event.api_key_id && { apiKeyId: event.api_key_id }),
    },
    ...(event.target_id && { target: { kind: event.target_kind, id: event.target_id } }),
    requestId: event.request_id,
    payload: event.payload,
    // Written before there were keys for it.
    ...((address ?? userAgent) && { origin: { address, userAgent } }),
  };
}

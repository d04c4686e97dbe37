import { isIP } from 'node:net';

import {
  Concern,
  type ConcernClass,
  decimal,
  integer,
  list,
  oneOf,
  optionalText,
  optionalUrl,
  text,
  url,
  type Variable,
} from './concern.js';
import { fileTypes } from '../../catalogue/file-types.js';
import { daysByCategory, witnessList } from './audit-settings.js';
import { optionalScanner } from './file-settings.js';
import { optionalSender, optionalSmtpServer } from './mail-settings.js';

const DAY = 86_400;

/** A policy of one's own may loosen much, but not what ASVS V3.4.3 asks of every policy. */
function contentSecurityPolicy(name: string, surface: string): Variable<string | undefined> {
  return {
    name,
    description: `Content-Security-Policy of ${surface}; must keep object-src and base-uri 'none'.`,
    default: undefined,
    defaultText: 'as closed as the surface allows',
    parse: (value) => {
      const keeps = ["object-src 'none'", "base-uri 'none'"].every((part) => value.includes(part));
      if (!keeps || !/^[\x20-\x7e]+$/.test(value)) {
        throw new Error("must be one line that contains object-src 'none' and base-uri 'none'");
      }
      return value;
    },
  };
}

function checkNetwork(entry: string): void {
  const [address = '', prefix, ...rest] = entry.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  const validPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && +prefix <= bits);
  if (isIP(address) === 0 || !validPrefix || rest.length > 0) {
    throw new Error('must list addresses or CIDR ranges like 10.0.0.0/8');
  }
}

export class ProcessConfig extends Concern('Process', {
  environment: oneOf(['development', 'test', 'production'], {
    name: 'NODE_ENV',
    description: 'Kind of installation. `production` demands real secrets and a real database.',
    default: 'development',
  }),
  dataDir: text({
    name: 'DATA_DIR',
    description: 'Folder for what the service keeps on disk: embedded PostgreSQL, development key.',
    default: './data',
  }),
  publicUrl: url(['http', 'https'], {
    name: 'PUBLIC_URL',
    description:
      'Address under which people and other services reach this one; links start with it.',
    default: ({ port }) => `http://localhost:${port}`,
    defaultText: 'http://localhost:PORT',
    requiredInProduction: true,
  }),
  roles: list({
    name: 'PROCESS_ROLES',
    description:
      'Whether this process works on the job queue (`worker`); it answers requests in any case (`api`).',
    default: ['api', 'worker'],
    defaultText: 'api,worker',
    check: (entry) => {
      if (!['api', 'worker'].includes(entry)) throw new Error('must list api, worker, or both');
    },
  }),
  commit: text({
    name: 'COMMIT',
    description: 'Commit the image was built from; shown by /api/v1/info and the build metric.',
    default: 'unknown',
  }),
}) {}

export class HttpConfig extends Concern('HTTP server', {
  host: text({
    name: 'HOST',
    description: 'Address to listen on.',
    default: ({ production }) => (production ? '0.0.0.0' : '127.0.0.1'),
    defaultText: '127.0.0.1, in production 0.0.0.0',
  }),
  port: integer({
    name: 'PORT',
    description: 'Port to listen on; 0 takes a free one.',
    default: 3000,
    min: 0,
    max: 65_535,
  }),
  bodyLimitBytes: integer({
    name: 'HTTP_BODY_LIMIT_BYTES',
    description: 'Largest accepted request body.',
    default: 262_144,
    min: 1_024,
    max: 10_485_760,
  }),
  handlerTimeoutMs: integer({
    name: 'HTTP_HANDLER_TIMEOUT_MS',
    description: 'Longest time from receiving a request to answering it; then 504.',
    default: 4_500,
    min: 100,
    max: 60_000,
  }),
  receiveTimeoutMs: integer({
    name: 'HTTP_RECEIVE_TIMEOUT_MS',
    description:
      'Longest time for the headers, and for the whole request, to arrive; then 408. Who does not ' +
      'take the answer for so long is cut off.',
    default: 10_000,
    min: 1_000,
    max: 60_000,
  }),
  drainTimeoutMs: integer({
    name: 'HTTP_DRAIN_TIMEOUT_MS',
    description: 'Longest time running requests get to finish when the service stops.',
    default: 15_000,
    min: 0,
    max: 300_000,
  }),
  drainDelayMs: integer({
    name: 'HTTP_DRAIN_DELAY_MS',
    description: 'Time between readiness turning 503 and refusing connections, for load balancers.',
    default: ({ production }) => (production ? 3_000 : 0),
    defaultText: '0, in production 3000',
    min: 0,
    max: 60_000,
  }),
}) {}

export class PerimeterConfig extends Concern('Perimeter', {
  corsOrigins: list({
    name: 'CORS_ORIGINS',
    description: 'Browser origins that may call the API, comma-separated, matched exactly.',
    default: [],
    check: (entry) => {
      if (!URL.canParse(entry) || new URL(entry).origin !== entry) {
        throw new Error('must list origins like https://app.example.com, without path or wildcard');
      }
    },
  }),
  trustedProxies: list({
    name: 'TRUSTED_PROXIES',
    description:
      'Addresses or CIDR ranges of proxies whose X-Forwarded-For and -Proto are believed.',
    default: [],
    check: checkNetwork,
  }),
  outgoingNetworks: list({
    name: 'OUTGOING_NETWORKS',
    description:
      'Private addresses or CIDR ranges that outgoing calls may reach; public ones always may.',
    default: [],
    check: checkNetwork,
  }),
  outgoingCaFile: optionalText({
    name: 'OUTGOING_CA_FILE',
    description: 'PEM file of an authority that outgoing calls trust beside the public ones.',
  }),
  rateLimitAllowedNetworks: list({
    name: 'RATE_LIMIT_ALLOWED_NETWORKS',
    description:
      'Addresses and CIDR ranges that are never blocked for going on after refusals, comma-separated. Limits hold for them, too.',
    default: [],
    defaultText: 'none',
    check: checkNetwork,
  }),
  rateLimitScale: decimal({
    name: 'RATE_LIMIT_SCALE',
    description: 'Multiplies every rate-limit quota; load tests raise it.',
    default: 1,
    min: 0.01,
    max: 1_000_000,
  }),
  cspApi: contentSecurityPolicy('CSP_API', 'API answers'),
  cspDocs: contentSecurityPolicy('CSP_DOCS', 'Swagger UI'),
  cspPages: contentSecurityPolicy('CSP_PAGES', 'the pages /setup and /account'),
  cspReports: oneOf(['on', 'off'], {
    name: 'CSP_REPORTS',
    description:
      'Whether browsers are asked to report violations of these policies, which are logged and counted.',
    default: 'off',
  }),
  metricsToken: optionalText({
    name: 'METRICS_TOKEN',
    description:
      'When set, /metrics demands `Authorization: Bearer` with it (32 characters or more).',
    secret: true,
  }),
  metricsPort: integer({
    name: 'METRICS_PORT',
    description: 'When not 0, /metrics is served on this port and no longer on PORT.',
    default: 0,
    min: 0,
    max: 65_535,
  }),
}) {}

export class HttpsConfig extends Concern('HTTPS', {
  enforcement: oneOf(['auto', 'on', 'off'], {
    name: 'HTTPS_ENFORCEMENT',
    description:
      'Whether requests that came by http, as one of TRUSTED_PROXIES says in X-Forwarded-Proto, are ' +
      'redirected (pages) or refused (API); `auto`: in production when PUBLIC_URL is https.',
    default: 'auto',
  }),
  hstsSeconds: integer({
    name: 'HSTS_SECONDS',
    description:
      'How long browsers remember to come by https only; 0 makes them forget it (RFC 6797).',
    default: 365 * DAY,
    min: 0,
    max: 2 * 365 * DAY,
  }),
  hstsSubdomains: oneOf(['on', 'off'], {
    name: 'HSTS_SUBDOMAINS',
    description: 'Whether that holds for all names below the one of PUBLIC_URL as well.',
    default: 'on',
  }),
  hstsPreload: oneOf(['on', 'off'], {
    name: 'HSTS_PRELOAD',
    description:
      'Whether browsers may have it built in (hstspreload.org), which takes months to undo.',
    default: 'off',
  }),
}) {}

export class DatabaseConfig extends Concern('Database', {
  url: optionalUrl(['postgres', 'postgresql'], {
    name: 'DATABASE_URL',
    description: 'PostgreSQL 14 to 18. Without it, an embedded PostgreSQL runs under DATA_DIR.',
    defaultText: 'embedded PostgreSQL',
    secret: true,
    requiredInProduction: true,
  }),
  migrationUrl: optionalUrl(['postgres', 'postgresql'], {
    name: 'MIGRATION_DATABASE_URL',
    description: 'Connection of a role that may create tables, when DATABASE_URL may not.',
    defaultText: 'DATABASE_URL',
    secret: true,
  }),
  poolMax: integer({
    name: 'DATABASE_POOL_MAX',
    description: 'Most connections of one instance.',
    default: 20,
    min: 5,
    max: 200,
  }),
  poolMin: integer({
    name: 'DATABASE_POOL_MIN',
    description: 'Connections kept open when idle.',
    default: 5,
    min: 0,
    max: 100,
  }),
  acquireTimeoutMs: integer({
    name: 'DATABASE_ACQUIRE_TIMEOUT_MS',
    description: 'Longest wait for a connection; then 503.',
    default: 2_000,
    min: 100,
    max: 30_000,
  }),
  poolQueueMax: integer({
    name: 'DATABASE_POOL_QUEUE_MAX',
    description: 'Most that may wait for a connection; further ones are answered 503 at once.',
    default: 200,
    min: 1,
    max: 10_000,
  }),
  queryTimeoutMs: integer({
    name: 'DATABASE_QUERY_TIMEOUT_MS',
    description: 'Longest time of one statement, enforced by server and client; then 503.',
    default: 3_000,
    min: 100,
    max: 60_000,
  }),
}) {}

export class RedisConfig extends Concern('Redis', {
  url: optionalUrl(['redis', 'rediss'], {
    name: 'REDIS_URL',
    description:
      'redis://user:password@host:6379/0, or rediss:// for TLS. With it, sessions live in Redis.',
    secret: true,
  }),
  timeoutMs: integer({
    name: 'REDIS_TIMEOUT_MS',
    description: 'Longest time of connecting, and of one command; then 503.',
    default: 250,
    min: 20,
    max: 5_000,
  }),
}) {}

export class QueueConfig extends Concern('Job queue', {
  concurrency: integer({
    name: 'QUEUE_CONCURRENCY',
    description: 'Jobs that a process with the role `worker` does at once.',
    default: 4,
    min: 1,
    max: 50,
  }),
}) {}

export class MailConfig extends Concern('Mail', {
  smtpServer: optionalSmtpServer({
    name: 'SMTP_URL',
    description:
      'smtps://user:password@host:465 (TLS at once) or smtp://…:587 (STARTTLS, demanded); ' +
      '`?tls=never` for a relay that has none. See docs/operations/mail.md.',
    secret: true,
    defaultText: 'files in DATA_DIR/outbox; in production mails wait in the queue',
  }),
  smtpCaFile: optionalText({
    name: 'SMTP_CA_FILE',
    description:
      'PEM file of the authority behind the certificate of SMTP_URL, when it is private.',
  }),
  sender: optionalSender({
    name: 'MAIL_FROM',
    description:
      'Sender: `Name <address>`, or an address alone. Mails call the service by the name.',
    defaultText: 'Gatehouse <no-reply@host of PUBLIC_URL>',
  }),
  templatesDir: optionalText({
    name: 'MAIL_TEMPLATES_DIR',
    description: 'Folder with templates that replace those of templates/mail, file by file.',
  }),
}) {}

export class LoadConfig extends Concern('Load', {
  eventLoopLagMs: integer({
    name: 'LOAD_EVENT_LOOP_LAG_MS',
    description:
      'When the event loop is late by more than this for a second, a growing share of API requests is answered 503; 0 never.',
    default: 500,
    min: 0,
    max: 10_000,
  }),
}) {}

export class SecretsConfig extends Concern('Secrets', {
  masterKey: optionalText({
    name: 'MASTER_KEY',
    description:
      '32 random bytes in base64 or hex (`openssl rand -base64 32`); protects all keys at rest.',
    secret: true,
  }),
  masterKeyFile: optionalText({
    name: 'MASTER_KEY_FILE',
    description: 'File that holds the master key, instead of MASTER_KEY.',
  }),
  passphrase: optionalText({
    name: 'MASTER_KEY_PASSPHRASE',
    description:
      'Passphrase that the master key is derived from (20 characters or more), instead of MASTER_KEY; ' +
      'decided at the first start of a database.',
    secret: true,
  }),
  passphraseFile: optionalText({
    name: 'MASTER_KEY_PASSPHRASE_FILE',
    description: 'File that holds the passphrase, instead of MASTER_KEY_PASSPHRASE.',
  }),
}) {}

export class AuditConfig extends Concern('Audit trail', {
  retentionDays: integer({
    name: 'AUDIT_RETENTION_DAYS',
    description:
      'Age at which `audit prune` removes events; it is run by operators, never by itself.',
    default: 2_557,
    min: 1,
    max: 36_525,
  }),
  retentionByCategory: daysByCategory({
    name: 'AUDIT_RETENTION_BY_CATEGORY',
    description: 'Other ages for some categories: access=365,authentication=730.',
    defaultText: 'all the same',
  }),
  checkpointFile: optionalText({
    name: 'AUDIT_CHECKPOINT_FILE',
    description:
      'File that checkpoints of the audit log are appended to, best on another machine: a log that ' +
      'was cut or made anew does not extend them, and is not extended.',
  }),
  witnesses: witnessList({
    name: 'AUDIT_WITNESSES',
    description:
      'Witnesses that cosign checkpoints (C2SP tlog-witness), comma-separated, each as ' +
      '`<verifier key> <submission prefix>`. A private address must be in OUTGOING_NETWORKS.',
    defaultText: 'none',
  }),
  publishSeconds: integer({
    name: 'AUDIT_PUBLISH_SECONDS',
    description: 'Least time between two checkpoints that go to the file and to the witnesses.',
    default: 60,
    min: 1,
    max: DAY,
  }),
}) {}

export class AccountsConfig extends Concern('Accounts', {
  registrationMode: oneOf(['open', 'private', 'invite', 'closed'], {
    name: 'REGISTRATION_MODE',
    description:
      'Who may make an account: anybody (`open`); anybody, without telling whether the address has ' +
      'one already (`private`); whom administrators invite (`invite`); administrators (`closed`).',
    default: 'open',
  }),
  emailVerification: oneOf(['optional', 'required'], {
    name: 'EMAIL_VERIFICATION',
    description:
      'Whether an unverified address may sign in. With REGISTRATION_MODE=private it never may.',
    default: ({ production }) => (production ? 'required' : 'optional'),
    defaultText: 'optional, in production required',
  }),
  graceDays: integer({
    name: 'ACCOUNT_GRACE_DAYS',
    description: 'Time between deleting an account and erasing what is held on it.',
    default: 14,
    min: 0,
    max: 365,
  }),
  adminEmail: optionalText({
    name: 'ADMIN_EMAIL',
    description: 'Address of the first administrator, made at start when there is none.',
  }),
  adminPassword: optionalText({
    name: 'ADMIN_PASSWORD',
    description: 'Password of the first administrator (15 characters or more).',
    secret: true,
  }),
  passwordAlgorithm: oneOf(['argon2id', 'bcrypt'], {
    name: 'PASSWORD_HASH_ALGORITHM',
    description: 'Algorithm of new password hashes; others are renewed at sign-in.',
    default: 'argon2id',
  }),
  argon2MemoryKib: integer({
    name: 'PASSWORD_ARGON2_MEMORY_KIB',
    description: 'Memory of one Argon2id hash.',
    default: 19_456,
    min: 19_456,
    max: 1_048_576,
  }),
  argon2Iterations: integer({
    name: 'PASSWORD_ARGON2_ITERATIONS',
    description: 'Passes of one Argon2id hash.',
    default: 2,
    min: 2,
    max: 20,
  }),
  bcryptCost: integer({
    name: 'PASSWORD_BCRYPT_COST',
    description: 'Cost of one bcrypt hash (logarithmic).',
    default: 12,
    min: 12,
    max: 16,
  }),
  breachedPasswordsUrl: optionalUrl(['https', 'http'], {
    name: 'BREACHED_PASSWORDS_URL',
    description:
      'Pwned Passwords range service, e.g. https://api.pwnedpasswords.com; without it none is asked.',
  }),
  hashConcurrency: integer({
    name: 'PASSWORD_HASH_CONCURRENCY',
    description: 'Password hashes computed at once; 0 means one per processor.',
    default: 0,
    min: 0,
    max: 64,
  }),
  hashQueueLimit: integer({
    name: 'PASSWORD_HASH_QUEUE_LIMIT',
    description: 'Password hashes that may wait; further ones are answered 503.',
    default: 400,
    min: 0,
    max: 10_000,
  }),
}) {}

export class TokensConfig extends Concern('Tokens and sessions', {
  algorithm: oneOf(['RS256', 'PS256', 'ES256'], {
    name: 'TOKEN_ALGORITHM',
    description:
      'Signature of access tokens (RFC 7518). A change takes effect SIGNING_KEY_LEAD_SECONDS after the first instance starts with it.',
    default: 'RS256',
  }),
  signingKeyRotationDays: integer({
    name: 'SIGNING_KEY_ROTATION_DAYS',
    description: 'A key that has signed for this long is followed by a new one.',
    default: 90,
    min: 1,
    max: 3_650,
  }),
  signingKeyLeadSeconds: integer({
    name: 'SIGNING_KEY_LEAD_SECONDS',
    description:
      'A new key is published for this long before it signs, so that services which keep the key set know it.',
    default: 3_600,
    min: 600,
    max: 7 * DAY,
  }),
  issuer: optionalText({
    name: 'TOKEN_ISSUER',
    description: 'The `iss` claim; PUBLIC_URL when not set.',
  }),
  audience: text({
    name: 'TOKEN_AUDIENCE',
    description: 'The `aud` claim.',
    default: 'gatehouse',
  }),
  accessTokenSeconds: integer({
    name: 'ACCESS_TOKEN_SECONDS',
    description: 'Life of an access token.',
    default: 3_600,
    min: 60,
    max: DAY,
  }),
  sessionSeconds: integer({
    name: 'SESSION_SECONDS',
    description: 'Life of a session and its refresh tokens, however active.',
    default: 30 * DAY,
    min: 300,
    max: 365 * DAY,
  }),
  sessionIdleSeconds: integer({
    name: 'SESSION_IDLE_SECONDS',
    description: 'A session not refreshed for this long ends; longer than ACCESS_TOKEN_SECONDS.',
    default: 14 * DAY,
    min: 120,
    max: 365 * DAY,
  }),
  stepUpSeconds: integer({
    name: 'STEP_UP_SECONDS',
    description: 'Age of a sign-in that still allows sensitive changes; then step up again.',
    default: 600,
    min: 30,
    max: DAY,
  }),
  sessionsPerUser: integer({
    name: 'SESSIONS_PER_USER',
    description: 'Sessions one user may have; a further sign-in ends the oldest.',
    default: 5,
    min: 1,
    max: 1_000,
  }),
}) {}

export class ApiKeysConfig extends Concern('API keys', {
  usualDays: integer({
    name: 'API_KEY_DAYS',
    description: 'Life of an API key whose maker names no end; API_KEY_MAX_DAYS at most.',
    default: 90,
    min: 1,
    max: 3_650,
  }),
  maxDays: integer({
    name: 'API_KEY_MAX_DAYS',
    description: 'Longest life of an API key.',
    default: 365,
    min: 1,
    max: 3_650,
  }),
  keysPerUser: integer({
    name: 'API_KEYS_PER_USER',
    description: 'API keys one user may have, expired ones included.',
    default: 20,
    min: 0,
    max: 1_000,
  }),
}) {}

export class FilesConfig extends Concern('Files', {
  maxBytes: integer({
    name: 'FILES_MAX_BYTES',
    description: 'Largest file that can be uploaded.',
    default: 10_485_760,
    min: 1_024,
    max: 1_073_741_824,
  }),
  quotaBytes: integer({
    name: 'FILES_QUOTA_BYTES',
    description: 'What the files of one user may take together.',
    default: 104_857_600,
    min: 1_024,
    max: Number.MAX_SAFE_INTEGER,
  }),
  quotaFiles: integer({
    name: 'FILES_QUOTA_COUNT',
    description: 'Files one user may have.',
    default: 200,
    min: 1,
    max: 100_000,
  }),
  types: list({
    name: 'FILES_TYPES',
    description: 'Extensions that can be uploaded, of those that are known.',
    default: Object.keys(fileTypes),
    defaultText: Object.keys(fileTypes).join(','),
    check: (entry) => {
      if (!Object.hasOwn(fileTypes, entry)) {
        throw new Error(`must list some of ${Object.keys(fileTypes).join(', ')}`);
      }
    },
  }),
  maxPixels: integer({
    name: 'FILES_MAX_PIXELS',
    description: 'Most pixels of a picture, width times height.',
    default: 50_000_000,
    min: 1,
    max: 1_000_000_000,
  }),
  archiveEntries: integer({
    name: 'FILES_ARCHIVE_MAX_ENTRIES',
    description: 'Most entries of an archive, those of archives in it included.',
    default: 1_000,
    min: 1,
    max: 100_000,
  }),
  archiveBytes: integer({
    name: 'FILES_ARCHIVE_MAX_BYTES',
    description: 'Most bytes of an archive when it is unpacked.',
    default: 104_857_600,
    min: 1_024,
    max: 10_737_418_240,
  }),
  receiveTimeoutMs: integer({
    name: 'FILES_RECEIVE_TIMEOUT_MS',
    description:
      'Longest time for an upload to arrive, instead of HTTP_RECEIVE_TIMEOUT_MS, in each of which ' +
      'something must come: 16 KiB a second on average.',
    default: 60_000,
    min: 1_000,
    max: 120_000,
  }),
  scanner: optionalScanner({
    name: 'CLAMAV_URL',
    description:
      'clamd that scans files: tcp://host:3310 or unix:///run/clamav/clamd.ctl. Until it has, a file ' +
      'cannot be downloaded.',
    defaultText: 'files are not scanned',
  }),
  bucket: optionalUrl(['https', 'http'], {
    name: 'FILES_S3_URL',
    description:
      'Bucket of an S3-compatible store, path included: https://s3.eu-central-1.amazonaws.com/my-files. ' +
      'A private address must be in OUTGOING_NETWORKS.',
    defaultText: 'the folder DATA_DIR/files',
  }),
  bucketRegion: text({
    name: 'FILES_S3_REGION',
    description: 'Region of the bucket; many stores other than AWS take any.',
    default: 'us-east-1',
  }),
  bucketKeyId: optionalText({
    name: 'FILES_S3_ACCESS_KEY_ID',
    description: 'Name of the access key of the bucket; it needs to get, put and delete objects.',
  }),
  bucketSecret: optionalText({
    name: 'FILES_S3_SECRET_ACCESS_KEY',
    description: 'The access key itself.',
    secret: true,
  }),
}) {}

export class LogConfig extends Concern('Logs', {
  level: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    name: 'LOG_LEVEL',
    description: 'Least level that is written.',
    default: 'info',
  }),
}) {}

/** All concerns, in the order of the reference. */
export const concerns: readonly ConcernClass[] = [
  ProcessConfig,
  HttpConfig,
  PerimeterConfig,
  HttpsConfig,
  DatabaseConfig,
  LoadConfig,
  RedisConfig,
  QueueConfig,
  MailConfig,
  SecretsConfig,
  AuditConfig,
  AccountsConfig,
  TokensConfig,
  ApiKeysConfig,
  FilesConfig,
  LogConfig,
];

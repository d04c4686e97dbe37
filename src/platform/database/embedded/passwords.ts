import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { chmod } from 'node:fs/promises';

import { readIfPresent, writePrivateFile, type DataDirPaths } from './data-dir.js';

/** Passwords of the three login roles, safe inside a URL. */
export interface Passwords {
  readonly superuser: string;
  readonly owner: string;
  readonly service: string;
}

/** The kept passwords; undefined when the file is missing or not what we wrote. */
export async function readPasswords(paths: DataDirPaths): Promise<Passwords | undefined> {
  const text = await readIfPresent(paths.passwordsFile);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isPasswords(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The kept passwords, or new ones, kept from now on in a file of mode 0600. */
export async function loadPasswords(paths: DataDirPaths): Promise<Passwords> {
  const kept = await readPasswords(paths);
  if (kept) {
    await chmod(paths.passwordsFile, 0o600);
    return kept;
  }
  const fresh = { superuser: newPassword(), owner: newPassword(), service: newPassword() };
  await writePrivateFile(paths, paths.passwordsFile, `${JSON.stringify(fresh, null, 2)}\n`);
  return fresh;
}

/**
 * What PostgreSQL stores of a password (RFC 5803 form). We send this instead of the password,
 * which therefore never stands in a statement that the server could log.
 */
export function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** 192 random bits; base64url needs no escaping in URLs, JSON or SQL. */
function newPassword(): string {
  return randomBytes(24).toString('base64url');
}

function isPasswords(value: unknown): value is Passwords {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return ['superuser', 'owner', 'service'].every(
    (name) => typeof record[name] === 'string' && /^[\w-]{16,}$/.test(record[name]),
  );
}

import { createHash } from 'node:crypto';

import { Algorithm, hash as argon2Hash, verify as argon2Verify } from '@node-rs/argon2';
import bcrypt from 'bcrypt';

import { foreignArgon2 } from './foreign-hashes.js';
import type { PasswordAlgorithm } from './password-algorithm.js';

/** Argon2id (RFC 9106). OWASP's least parameters: 19 MiB, 2 passes, 1 lane (ASVS V11.4.2). */
export class Argon2id implements PasswordAlgorithm {
  readonly name = 'argon2id';

  constructor(
    private readonly memoryKib: number,
    private readonly iterations: number,
  ) {}

  recognises(hash: string): boolean {
    return hash.startsWith('$argon2id$') && foreignArgon2.recognises(hash);
  }

  hash(password: string): Promise<string> {
    return argon2Hash(password, {
      algorithm: Algorithm.Argon2id,
      memoryCost: this.memoryKib,
      timeCost: this.iterations,
      parallelism: 1,
    });
  }

  verify(hash: string, password: string): Promise<boolean> {
    return argon2Verify(hash, password);
  }

  isCurrent(hash: string): boolean {
    const [, memory = 0, passes = 0] = /\$m=(\d+),t=(\d+),/.exec(hash)?.map(Number) ?? [];
    return memory >= this.memoryKib && passes >= this.iterations;
  }
}

/** bcrypt reads 72 bytes; this many of SHA-384 in base64 it reads whole. */
const bcryptLimit = 72;

export class Bcrypt implements PasswordAlgorithm {
  readonly name = 'bcrypt';

  constructor(private readonly cost: number) {}

  recognises(hash: string): boolean {
    return /^\$2[aby]\$(0[4-9]|1[0-6])\$[./A-Za-z0-9]{53}$/.test(hash);
  }

  hash(password: string): Promise<string> {
    return bcrypt.hash(bcryptInput(password), this.cost);
  }

  verify(hash: string, password: string): Promise<boolean> {
    // PHP's name for what others call 2b; the library would find that nothing matches.
    return bcrypt.compare(bcryptInput(password), hash.replace(/^\$2y\$/, '$2b$'));
  }

  isCurrent(hash: string): boolean {
    return Number(hash.slice(4, 6)) >= this.cost;
  }
}

/** Longer passwords are condensed first, so that no byte of them is ignored (ASVS V6.2.8). */
function bcryptInput(password: string): string {
  if (Buffer.byteLength(password) <= bcryptLimit) return password;
  return createHash('sha384').update(password).digest('base64');
}

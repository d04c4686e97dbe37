import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { ConfigError } from '../config/index.js';

/** The authority that OUTGOING_CA_FILE names. @throws ConfigError */
export function readAuthority(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`OUTGOING_CA_FILE cannot be read: ${code}`]);
  }
  try {
    new X509Certificate(pem);
  } catch {
    throw new ConfigError(['OUTGOING_CA_FILE must be a certificate in PEM']);
  }
  return pem;
}

import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

/**
 * Signed notes (C2SP signed-note): a text, a blank line, and lines of signatures. Ed25519 by the
 * log itself (type 0x01), and timestamped cosignatures by its witnesses (0x04, C2SP
 * tlog-cosignature).
 */
export const signatureTypes = { ed25519: 1, cosignature: 4 } as const;
export type SignatureType = (typeof signatureTypes)[keyof typeof signatureTypes];

export interface NoteSigner {
  name: string;
  keyId: Buffer;
  privateKey: KeyObject;
}

/** What others need to verify a note: `<name>+<key id>+<type and key>`. */
export interface NoteVerifier {
  name: string;
  keyId: Buffer;
  type: SignatureType;
  publicKey: KeyObject;
}

export interface NoteSignature {
  name: string;
  keyId: Buffer;
  /** Without the key id. */
  bytes: Buffer;
  /** As it stands in the note, with its newline. */
  line: string;
}

export interface SignedNote {
  /** With its last newline, without the blank line: what is signed. */
  text: string;
  signatures: NoteSignature[];
}

/** It is no signed note, or nobody who is trusted signed it; the message says which. */
export class NoteError extends Error {}

/** More may stand in a note only to keep us busy; the standard asks for 16 at least. */
const mostSignatures = 64;
/** DER of an Ed25519 key (RFC 8410) before its 32 bytes. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

export function noteSigner(name: string, seed: Buffer): NoteSigner {
  const der = Buffer.concat([pkcs8Prefix, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const keyId = keyIdOf(name, signatureTypes.ed25519, rawPublicKey(createPublicKey(privateKey)));
  return { name, keyId, privateKey };
}

/** The text of a verifier key, to be given to whoever shall check our notes. */
export function verifierKeyOf({ name, keyId, privateKey }: NoteSigner): string {
  const key = Buffer.concat([
    Buffer.of(signatureTypes.ed25519),
    rawPublicKey(createPublicKey(privateKey)),
  ]);
  return `${name}+${keyId.toString('hex')}+${key.toString('base64')}`;
}

/** @throws NoteError when it is no verifier key of a type known here */
export function parseVerifierKey(text: string): NoteVerifier {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text.trim());
  if (!match) throw new NoteError('a verifier key reads <name>+<key id>+<key in base64>');
  const [, name, id, encoded] = match as unknown as [string, string, string, string];
  const [type, ...key] = Buffer.from(encoded, 'base64');
  const raw = Buffer.from(key);
  if (type !== signatureTypes.ed25519 && type !== signatureTypes.cosignature) {
    throw new NoteError(`verifier key ${name} is of a type that is not known here`);
  }
  if (raw.length !== 32) throw new NoteError(`verifier key ${name} is no Ed25519 key`);
  const keyId = keyIdOf(name, type, raw);
  if (keyId.toString('hex') !== id) throw new NoteError(`verifier key ${name} has a wrong key id`);
  const der = Buffer.concat([spkiPrefix, raw]);
  return {
    name,
    keyId,
    type,
    publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }),
  };
}

/** @param text ends with a newline */
export function signNote(text: string, { name, keyId, privateKey }: NoteSigner): string {
  const signature = Buffer.concat([keyId, sign(null, Buffer.from(text), privateKey)]);
  return `${text}\n— ${name} ${signature.toString('base64')}\n`;
}

/** @throws NoteError when the form is not that of a signed note; says nothing about who signed it */
export function parseNote(note: string): SignedNote {
  const end = note.lastIndexOf('\n\n');
  // eslint-disable-next-line no-control-regex -- the standard forbids exactly these
  if (end < 1 || !note.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(note)) {
    throw new NoteError('it is no signed note');
  }
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > mostSignatures) throw new NoteError('it has too many signatures');
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/** @throws NoteError when it is no line of a signature */
export function parseSignature(line: string): NoteSignature {
  const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line);
  const bytes = Buffer.from(match?.[2] ?? '', 'base64');
  if (!match || bytes.length < 5 || bytes.toString('base64') !== match[2]) {
    throw new NoteError('a line of its signatures is malformed');
  }
  const [keyId, signature] = [bytes.subarray(0, 4), bytes.subarray(4)];
  return { name: match[1]!, keyId, bytes: signature, line: `${line}\n` };
}

/**
 * The signatures of keys that are trusted; those of others are passed over.
 * @throws NoteError when one of a trusted key is wrong, or there is none
 */
export function verifyNote(note: string, trusted: readonly NoteVerifier[]): SignedNote {
  const { text, signatures } = parseNote(note);
  const known = signatures.filter((signature) => {
    const verifier = verifierOf(signature, trusted);
    if (verifier && !isBy(verifier, text, signature)) {
      throw new NoteError(`the signature of ${signature.name} is wrong`);
    }
    return verifier !== undefined;
  });
  if (known.length === 0) throw new NoteError('nobody who is trusted signed it');
  return { text, signatures: known };
}

/** The key with the name and the key id of a signature, if it is among these. */
export function verifierOf(
  { name, keyId }: Pick<NoteSignature, 'name' | 'keyId'>,
  trusted: readonly NoteVerifier[],
): NoteVerifier | undefined {
  return trusted.find((key) => key.name === name && key.keyId.equals(keyId));
}

export function isBy(verifier: NoteVerifier, text: string, { bytes }: NoteSignature): boolean {
  if (verifier.type === signatureTypes.ed25519) {
    return verify(null, Buffer.from(text), verifier.publicKey, bytes);
  }
  if (bytes.length !== 72) return false;
  const signed = `cosignature/v1\ntime ${bytes.readBigUInt64BE(0)}\n${text}`;
  return verify(null, Buffer.from(signed), verifier.publicKey, bytes.subarray(8));
}

function keyIdOf(name: string, type: SignatureType, key: Buffer): Buffer {
  const bytes = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), key]);
  return hash('sha256', bytes, 'buffer').subarray(0, 4);
}

function rawPublicKey(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length);
}

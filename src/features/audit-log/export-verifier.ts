import { isDeepStrictEqual } from 'node:util';

import {
  type Checkpoint,
  hashBytes,
  leafHash,
  type NoteVerifier,
  openCheckpoint,
  rootFromInclusion,
  TreeBuilder,
} from '../../platform/transparency-log/index.js';
import { AuditFinding } from './audit-verifier.js';

/** A line of an export. */
export interface ExportedEntry {
  leafIdx: number;
  /** The entry as it was hashed; of a pruned one only `leafHash` is left. */
  leaf?: string;
  leafHash?: string;
  /** The entry as people read it; what it says in plain must be what the leaf says. */
  event?: Record<string, unknown>;
  /** Inclusion proof in the tree of the checkpoint, when the export is not the whole log. */
  proof?: readonly string[];
}

export interface VerifiedExport extends Checkpoint {
  entries: number;
  /** The export holds the whole log up to the checkpoint, so nothing was left out of it either. */
  whole: boolean;
  /** Entries that came after the checkpoint, which says nothing about them. */
  newer: number;
}

/** Members of an event that stand in the leaf as they are. */
const plain = [
  ...['id', 'time', 'action', 'category', 'outcome', 'actor', 'target', 'requestId', 'external'],
];

/**
 * Verifies an export without the service and without its database: against a checkpoint and the key
 * of the log, which whoever verifies has from elsewhere.
 * @throws AuditFinding naming the first wrong entry
 * @throws NoteError when the checkpoint is not the log's
 */
export async function verifyExport(
  lines: AsyncIterable<{ number: number; text: Buffer | null }>,
  checkpoint: string,
  key: NoteVerifier,
): Promise<VerifiedExport> {
  const head = openCheckpoint(checkpoint, key);
  const tree = await TreeBuilder.resume(0, () => Promise.resolve([]));
  const found = { entries: 0, newer: 0, unproved: 0 };
  for await (const { number, text } of lines) {
    const entry = entryOf(text, number);
    if (entry === null) continue;
    const hash = hashOf(entry, number);
    found.entries++;
    if (entry.leafIdx >= head.size) found.newer++;
    else if (entry.proof) checkProof(entry, hash, head);
    else found.unproved++;
    if (entry.leafIdx === tree.size && tree.size < head.size) tree.append(hash);
  }
  const { entries, newer, unproved } = found;
  const whole = tree.size === head.size;
  if (whole && !tree.root().equals(head.root)) {
    throw new AuditFinding(null, 'the entries are not those of the checkpoint');
  }
  if (!whole && unproved > 0) {
    const message = `this one of ${head.size} entries is left out, and the others carry no proofs`;
    throw new AuditFinding(tree.size, message);
  }
  return { ...head, entries, whole, newer };
}

/** Null for the last line, which holds the checkpoint at which the export was made. */
function entryOf(text: Buffer | null, number: number): ExportedEntry | null {
  try {
    const value = JSON.parse(String(text)) as ExportedEntry & { checkpoint?: string };
    if (value.checkpoint !== undefined) return null;
    if (Number.isSafeInteger(value.leafIdx)) return value;
  } catch {
    // said below
  }
  throw new AuditFinding(null, `line ${number} is no entry of an export`);
}

function hashOf({ leafIdx, leaf, leafHash: left, event }: ExportedEntry, line: number): Buffer {
  if (leaf === undefined) {
    const hash = Buffer.from(left ?? '', 'base64');
    if (hash.length === hashBytes) return hash;
    throw new AuditFinding(leafIdx, `line ${line} has neither a leaf nor its hash`);
  }
  if (event) checkEvent(JSON.parse(leaf) as Record<string, unknown>, event, leafIdx);
  return leafHash(Buffer.from(leaf));
}

/** What people read is not hashed itself. */
function checkEvent(
  leaf: Record<string, unknown>,
  event: Record<string, unknown>,
  index: number,
): void {
  const differs = plain.find((name) => !isDeepStrictEqual(leaf[name], event[name]));
  if (differs) throw new AuditFinding(index, `${differs} reads differently from what was logged`);
  const payload = (event['payload'] ?? {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries((leaf['payload'] ?? {}) as object)) {
    if (name !== 'changed' && !isDeepStrictEqual(value, payload[name])) {
      throw new AuditFinding(index, `payload.${name} reads differently from what was logged`);
    }
  }
}

function checkProof({ leafIdx, proof }: ExportedEntry, hash: Buffer, head: Checkpoint): void {
  const hashes = proof!.map((each) => Buffer.from(each, 'base64'));
  const root = rootFromInclusion(leafIdx, head.size, hash, hashes);
  if (root?.equals(head.root)) return;
  throw new AuditFinding(leafIdx, 'the entry is not what was logged: its proof leads elsewhere');
}

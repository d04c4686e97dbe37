import { hash } from 'node:crypto';

/** Bytes of a SHA-256 hash. */
export const hashBytes = 32;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

/**
 * Merkle tree hashing after RFC 9162, section 2.1 (the same as RFC 6962). Leaves and nodes are
 * hashed with different first bytes, so that neither can be passed off as the other.
 */
export function leafHash(leaf: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([leafPrefix, leaf]), 'buffer');
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([nodePrefix, left, right]), 'buffer');
}

/** The root of a tree without leaves. */
export const emptyRoot = hash('sha256', '', 'buffer');

/** The root of a complete subtree whose leaf hashes lie one after the other in `hashes`. */
export function completeRoot(hashes: Buffer): Buffer {
  let level = hashes;
  while (level.length > hashBytes) {
    const above = Buffer.allocUnsafe(level.length / 2);
    for (let at = 0; at < level.length; at += 2 * hashBytes) {
      const pair = level.subarray(at, at + 2 * hashBytes);
      hash('sha256', Buffer.concat([nodePrefix, pair]), 'buffer').copy(above, at / 2);
    }
    level = above;
  }
  return level;
}

/** The largest power of two smaller than `n`, for `n` > 1: where RFC 9162 splits a tree. */
export function splitOf(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

/**
 * The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2); null when the proof has
 * not the length that index and size demand. The caller compares it with a root it trusts.
 */
export function rootFromInclusion(
  index: number,
  size: number,
  leaf: Buffer,
  proof: readonly Buffer[],
): Buffer | null {
  if (!(index >= 0 && index < size)) return null;
  let node = index;
  let last = size - 1;
  let root = leaf;
  for (const sibling of proof) {
    if (last === 0 || sibling.length !== hashBytes) return null;
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      root = nodeHash(root, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? root : null;
}

export interface TreeHead {
  size: number;
  root: Buffer;
}

/**
 * Whether the tree of `after` begins with the tree of `before` (RFC 9162, section 2.1.4.2): that
 * nothing which was in it has been changed, moved or taken away.
 */
export function isConsistent(before: TreeHead, after: TreeHead, proof: readonly Buffer[]): boolean {
  if (before.size > after.size) return false;
  if (before.size === after.size) return proof.length === 0 && before.root.equals(after.root);
  if (before.size === 0) return proof.length === 0 && before.root.equals(emptyRoot);
  if (proof.some(({ length }) => length !== hashBytes)) return false;
  // A tree that was complete is itself the first hash of the proof.
  const steps = isPowerOfTwo(before.size) ? [before.root, ...proof] : [...proof];
  let node = before.size - 1;
  let last = after.size - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  const start = steps.shift();
  if (!start) return false;
  let [rootBefore, rootAfter] = [start, start];
  for (const sibling of steps) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      rootBefore = nodeHash(sibling, rootBefore);
      rootAfter = nodeHash(sibling, rootAfter);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      rootAfter = nodeHash(rootAfter, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && rootBefore.equals(before.root) && rootAfter.equals(after.root);
}

function isPowerOfTwo(n: number): boolean {
  return n > 0 && Number.isInteger(Math.log2(n)) && 2 ** Math.round(Math.log2(n)) === n;
}

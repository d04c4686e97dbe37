import { completeRoot, emptyRoot, hashBytes, nodeHash, splitOf } from './merkle.js';

/**
 * A Merkle tree kept as tiles (C2SP tlog-tiles): at level 0, tile `index` holds the hashes of the
 * leaves `index * 256` and following; at each level above, a hash is the root of a full tile
 * below. The last tile of a level may be shorter. What a tile holds never changes, it only grows.
 */
export interface TileId {
  level: number;
  index: number;
}

export interface Tile extends TileId {
  /** One to 256 hashes, one after the other. */
  hashes: Buffer;
}

/** Gives the tiles asked for, in any order; more hashes in one than a size needs do no harm. */
export type TileReader = (ids: readonly TileId[]) => Promise<readonly Tile[]>;

/** Leaves `start` to `end`, without `end`. */
interface Span {
  start: number;
  end: number;
}

/** A complete subtree: 2^(8 * level + height) leaves, `height` < 8. */
interface Subtree extends TileId {
  /** First of its hashes in the tile. */
  offset: number;
  /** How many hashes of the tile it covers: 2^height. */
  count: number;
}

export const tileWidth = 256;

/** A tile that the tree must have is missing or too short: somebody removed or cut it. */
export class MissingTileError extends Error {
  constructor({ level, index }: TileId) {
    super(`tile ${index} of level ${level} is missing or too short`);
  }
}

/** The tiles that end the tree of this size: what has to be known to extend it. */
export function lastTiles(size: number): (TileId & { width: number })[] {
  const tiles = [];
  for (let level = 0, hashes = size; hashes > 0; level++) {
    const width = hashes % tileWidth;
    hashes = Math.floor(hashes / tileWidth);
    if (width > 0) tiles.push({ level, index: hashes, width });
  }
  return tiles;
}

/** The root of the tree that the first `size` leaves make. */
export async function rootAt(size: number, read: TileReader): Promise<Buffer> {
  if (size === 0) return emptyRoot;
  return (await hashesOf([{ start: 0, end: size }], read))[0]!;
}

/** PATH(index, D[size]) of RFC 9162, section 2.1.3.1: from the leaf's sibling to the root's child. */
export function inclusionProof(index: number, size: number, read: TileReader): Promise<Buffer[]> {
  const spans: Span[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      spans.unshift({ start: middle, end });
      end = middle;
    } else {
      spans.unshift({ start, end: middle });
      start = middle;
    }
  }
  return hashesOf(spans, read);
}

/** PROOF(before, D[after]) of RFC 9162, section 2.1.4.1. Empty when `before` is 0 or `after`. */
export function consistencyProof(
  before: number,
  after: number,
  read: TileReader,
): Promise<Buffer[]> {
  if (before === 0 || before === after) return Promise.resolve([]);
  const spans: Span[] = [];
  let [start, end] = [0, after];
  while (before !== end) {
    const middle = start + splitOf(end - start);
    if (before <= middle) {
      spans.unshift({ start: middle, end });
      end = middle;
    } else {
      spans.unshift({ start, end: middle });
      start = middle;
    }
  }
  if (start > 0) spans.unshift({ start, end }); // else the verifier holds it: the old root itself
  return hashesOf(spans, read);
}

/** The roots of the spans; all tiles that they need are read at once. */
async function hashesOf(spans: readonly Span[], read: TileReader): Promise<Buffer[]> {
  const parts = spans.map((span) => subtreesOf(span));
  const wanted = new Map<string, TileId>();
  for (const { level, index } of parts.flat())
    wanted.set(keyOf({ level, index }), { level, index });
  const tiles = new Map<string, Buffer>();
  for (const tile of await read([...wanted.values()])) tiles.set(keyOf(tile), tile.hashes);
  return parts.map((subtrees) =>
    subtrees
      .map((subtree) => subtreeRoot(subtree, tiles))
      .reduceRight((right, left) => nodeHash(left, right)),
  );
}

function subtreeRoot(subtree: Subtree, tiles: ReadonlyMap<string, Buffer>): Buffer {
  const from = subtree.offset * hashBytes;
  const to = from + subtree.count * hashBytes;
  const hashes = tiles.get(keyOf(subtree));
  if (!hashes || hashes.length < to) throw new MissingTileError(subtree);
  return completeRoot(hashes.subarray(from, to));
}

/** The complete subtrees that make up a span of the tree, from left to right. */
function subtreesOf({ start, end }: Span): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end;) {
    const remaining = end - at;
    const size = splitOf(remaining + 1); // the largest power of two that fits
    subtrees.push(subtreeAt(at, size));
    at += size;
  }
  return subtrees;
}

function subtreeAt(start: number, size: number): Subtree {
  let level = 0;
  while (size >= tileWidth) {
    size /= tileWidth;
    start /= tileWidth;
    level++;
  }
  return { level, index: Math.floor(start / tileWidth), offset: start % tileWidth, count: size };
}

function keyOf({ level, index }: TileId): string {
  return `${level}/${index}`;
}

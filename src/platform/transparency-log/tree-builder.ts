import { completeRoot, emptyRoot, hashBytes, nodeHash } from './merkle.js';
import { lastTiles, MissingTileError, type Tile, type TileReader, tileWidth } from './tiles.js';

interface OpenTile {
  index: number;
  width: number;
  hashes: Buffer;
  changed: boolean;
}

/** Extends a tree by leaves. Holds one tile a level, however large the tree is. */
export class TreeBuilder {
  private readonly levels: OpenTile[] = [];
  private readonly full: Tile[] = [];

  private constructor(private leaves: number) {}

  /**
   * Goes on where the tree of this size ends.
   * @throws MissingTileError when a tile that ends it is not there
   */
  static async resume(size: number, read: TileReader): Promise<TreeBuilder> {
    const builder = new TreeBuilder(size);
    const ends = lastTiles(size);
    const tiles = ends.length > 0 ? await read(ends) : [];
    for (const { level, index, width } of ends) {
      const tile = tiles.find((each) => each.level === level && each.index === index);
      if (!tile || tile.hashes.length < width * hashBytes) {
        throw new MissingTileError({ level, index });
      }
      const open = builder.openTile(level);
      tile.hashes.copy(open.hashes, 0, 0, width * hashBytes);
      open.width = width;
    }
    return builder;
  }

  get size(): number {
    return this.leaves;
  }

  append(leafHash: Buffer): void {
    this.push(0, leafHash);
    this.leaves++;
  }

  /** RFC 9162, section 2.1.1: complete subtrees, joined from the right. */
  root(): Buffer {
    let root: Buffer | undefined;
    for (const { hashes, width } of this.levels) {
      let end = width;
      for (let count = 1; count <= width; count *= 2) {
        if (Math.floor(width / count) % 2 === 0) continue;
        const left = completeRoot(hashes.subarray((end - count) * hashBytes, end * hashBytes));
        root = root ? nodeHash(left, root) : Buffer.from(left);
        end -= count;
      }
    }
    return root ?? emptyRoot;
  }

  /** The tiles that have changed since the last call. */
  takeChanged(): Tile[] {
    const changed = this.full.splice(0);
    for (const [level, tile] of this.levels.entries()) {
      if (!tile.changed || tile.width === 0) continue;
      const hashes = Buffer.from(tile.hashes.subarray(0, tile.width * hashBytes));
      changed.push({ level, index: tile.index, hashes });
      tile.changed = false;
    }
    return changed;
  }

  private push(level: number, hash: Buffer): void {
    const tile = this.openTile(level);
    hash.copy(tile.hashes, tile.width * hashBytes);
    tile.width++;
    tile.changed = true;
    if (tile.width < tileWidth) return;
    this.full.push({ level, index: tile.index, hashes: tile.hashes });
    this.levels[level] = newTile(tile.index + 1);
    this.push(level + 1, completeRoot(tile.hashes));
  }

  private openTile(level: number): OpenTile {
    while (this.levels.length <= level) {
      const span = tileWidth ** (this.levels.length + 1);
      this.levels.push(newTile(Math.floor(this.leaves / span)));
    }
    return this.levels[level]!;
  }
}

function newTile(index: number): OpenTile {
  const hashes = Buffer.allocUnsafe(tileWidth * hashBytes);
  return { index, width: 0, hashes, changed: false };
}

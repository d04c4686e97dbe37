import { generateKeyPairSync, hash, randomBytes, sign } from 'node:crypto';

import { signCheckpoint } from './checkpoint.js';
import {
  emptyRoot,
  isConsistent,
  leafHash,
  nodeHash,
  rootFromInclusion,
  splitOf,
} from './merkle.js';
import {
  isBy,
  noteSigner,
  parseNote,
  parseSignature,
  parseVerifierKey,
  signNote,
  verifierKeyOf,
  verifyNote,
} from './signed-note.js';
import {
  consistencyProof,
  inclusionProof,
  MissingTileError,
  rootAt,
  type Tile,
  type TileReader,
} from './tiles.js';
import { formatTlogProof, parseTlogProof, verifyTlogProof } from './tlog-proof.js';
import { TreeBuilder } from './tree-builder.js';

/** Leaves and roots that all implementations of RFC 6962 test with. */
const vectors: readonly [string, string][] = [
  ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [
    '606162636465666768696a6b6c6d6e6f',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
];

/** The definition itself: MTH of RFC 9162, section 2.1.1. */
function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return emptyRoot;
  if (leaves.length === 1) return leaves[0]!;
  const split = splitOf(leaves.length);
  return nodeHash(treeHash(leaves.slice(0, split)), treeHash(leaves.slice(split)));
}

class Store {
  readonly tiles = new Map<string, Tile>();

  save(changed: readonly Tile[]): void {
    for (const tile of changed) this.tiles.set(`${tile.level}/${tile.index}`, tile);
  }

  readonly read: TileReader = (ids) =>
    Promise.resolve(ids.flatMap(({ level, index }) => this.tiles.get(`${level}/${index}`) ?? []));
}

describe('The tree', () => {
  const largest = 70_000; // three levels of tiles
  const leaves = Array.from({ length: largest }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
  const store = new Store();
  const sizes = [1, 2, 3, 7, 8, 255, 256, 257, 511, 1000, 65_535, 65_536, 65_537, largest];
  const roots = new Map<number, Buffer>();

  beforeAll(async () => {
    let size = 0;
    for (const next of sizes) {
      const builder = await TreeBuilder.resume(size, store.read);
      for (; size < next; size++) builder.append(leaves[size]!);
      store.save(builder.takeChanged());
      roots.set(size, builder.root());
    }
  });

  it('[AU-02] has the roots of the test vectors of RFC 6962', async () => {
    const builder = await TreeBuilder.resume(0, store.read);
    expect(builder.root().toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    for (const [leaf, root] of vectors) {
      builder.append(leafHash(Buffer.from(leaf, 'hex')));
      expect(builder.root().toString('hex')).toBe(root);
    }
  });

  it('[AU-02] has the root of its definition, in steps as in one go, at every size', async () => {
    for (const size of sizes) {
      const expected = treeHash(leaves.slice(0, size));
      expect(roots.get(size)).toEqual(expected);
      expect(await rootAt(size, store.read)).toEqual(expected);
    }
  });

  it('[AU-02] keeps tiles after C2SP tlog-tiles', () => {
    const widths = [...store.tiles.values()].map(({ level, hashes }) => [
      level,
      hashes.length / 32,
    ]);
    expect(widths.filter(([level, width]) => level === 0 && width === 256)).toHaveLength(273);
    expect(widths.filter(([level, width]) => level === 1 && width === 256)).toHaveLength(1);
    expect(widths.filter(([, width]) => width! < 256)).toEqual(
      expect.arrayContaining([
        [0, 112],
        [1, 17],
        [2, 1],
      ]),
    );
  });

  it('[AU-02] proves that an entry is in it, and no other', async () => {
    for (const size of sizes) {
      const indexes = [0, 1, size >> 1, size - 2, size - 1].filter((i) => i >= 0 && i < size);
      for (const index of new Set(indexes)) {
        const proof = await inclusionProof(index, size, store.read);
        const root = roots.get(size)!;
        expect(rootFromInclusion(index, size, leaves[index]!, proof)).toEqual(root);
        expect(rootFromInclusion(index, size, leafHash(Buffer.from('x')), proof)).not.toEqual(root);
        if (size > 1) {
          const other = index === 0 ? 1 : index - 1;
          const moved = rootFromInclusion(other, size, leaves[index]!, proof);
          expect(moved?.equals(root) ?? false).toBe(false);
        }
      }
    }
  });

  it('[AU-02] proves that it began with any earlier one, and with no other', async () => {
    for (const after of sizes) {
      for (const before of [0, ...sizes.filter((size) => size <= after)]) {
        const proof = await consistencyProof(before, after, store.read);
        const heads = [before, after].map((size) => ({
          size,
          root: size === 0 ? emptyRoot : roots.get(size)!,
        })) as [{ size: number; root: Buffer }, { size: number; root: Buffer }];
        expect(isConsistent(...heads, proof)).toBe(true);
        expect(isConsistent({ ...heads[0], root: randomBytes(32) }, heads[1], proof)).toBe(false);
        // Anything begins with nothing.
        expect(isConsistent(heads[0], { ...heads[1], root: randomBytes(32) }, proof)).toBe(
          before === 0,
        );
        expect(isConsistent(...heads, [...proof, randomBytes(32)])).toBe(false);
      }
    }
  });

  it('[AU-02] says which tile is missing', async () => {
    const without = new Store();
    for (const [key, tile] of store.tiles) if (key !== '0/3') without.tiles.set(key, tile);
    await expect(inclusionProof(800, largest, without.read)).rejects.toThrow(MissingTileError);
    await expect(TreeBuilder.resume(1000, without.read)).rejects.toThrow('tile 3 of level 0');
  });
});

describe('Signed notes', () => {
  const signer = noteSigner('log.example/audit', randomBytes(32));
  const log = parseVerifierKey(verifierKeyOf(signer));
  const text = 'log.example/audit\n1\n8JX1rUlaJw2aWb6LYjsY6LXXkQnPxRkYQQ9jLMZyPFM=\n';

  it('[AU-02] open with the key that signed them', () => {
    expect(verifyNote(signNote(text, signer), [log]).text).toBe(text);
  });

  it('[AU-02] are the example of the standard', () => {
    const example =
      'If you think cryptography is the answer to your problem,\n' +
      "then you don't know what your problem is.\n\n" +
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
    const key = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    expect(verifyNote(example, [parseVerifierKey(key)]).signatures).toHaveLength(1);
  });

  it.each([
    ['changed in one letter', (note: string) => note.replace('audit', 'audiT')],
    ['signed by nobody who is trusted', (note: string) => note.replace('— log.', '— lag.')],
    ['without its blank line', (note: string) => note.replace('\n\n', '\n')],
    ['with a control character', (note: string) => note.replace('1', '\t')],
    ['cut off', (note: string) => note.slice(0, -1)],
    [
      'with sixty-five signatures',
      (note: string) => note + `${note.split('\n').at(-2)}\n`.repeat(64),
    ],
  ])('[AU-02] do not open when %s', (_, change) => {
    expect(() => verifyNote(change(signNote(text, signer)), [log])).toThrow();
  });

  it('[AU-02] pass over signatures of keys that nobody here knows', () => {
    const other = noteSigner('other.example', randomBytes(32));
    const line = parseNote(signNote(text, other)).signatures[0]!.line;
    expect(verifyNote(signNote(text, signer) + line, [log]).signatures).toHaveLength(1);
  });

  it.each(['', 'a', 'a+00000000+', 'a b+00000000+AQ==', `a+00000000+${'A'.repeat(44)}`])(
    '[AU-02] take no verifier key like %j',
    (key) => expect(() => parseVerifierKey(key)).toThrow(),
  );

  it('[AU-02] take the cosignature of a witness, with its time', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const name = 'witness.example/w1';
    const key = Buffer.concat([Buffer.of(4), raw]);
    const id = keyId(name, key);
    const witness = parseVerifierKey(`${name}+${id.toString('hex')}+${key.toString('base64')}`);
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(1_679_315_147n);
    const signature = sign(
      null,
      Buffer.from(`cosignature/v1\ntime 1679315147\n${text}`),
      privateKey,
    );
    const bytes = Buffer.concat([id, time, signature]);
    const cosignature = parseSignature(`— ${name} ${bytes.toString('base64')}`);
    expect(isBy(witness, text, cosignature)).toBe(true);
    expect(isBy(witness, `${text}x\n`, cosignature)).toBe(false);
  });
});

describe('Proofs that travel', () => {
  const signer = noteSigner('log.example/audit', randomBytes(32));
  const log = parseVerifierKey(verifierKeyOf(signer));
  const entries = ['one', 'two', 'three'].map((text) => Buffer.from(text));
  let proof: string;

  beforeAll(async () => {
    const store = new Store();
    const builder = await TreeBuilder.resume(0, store.read);
    for (const entry of entries) builder.append(leafHash(entry));
    store.save(builder.takeChanged());
    const head = { origin: signer.name, size: 3, root: builder.root() };
    const hashes = await inclusionProof(1, 3, store.read);
    proof = formatTlogProof({ index: 1, hashes, checkpoint: signCheckpoint(head, signer) });
  });

  it('[AU-03] show without the log that an entry is in it', () => {
    expect(verifyTlogProof(proof, entries[1]!, log)).toMatchObject({ size: 3 });
    expect(parseTlogProof(proof.replace('\nindex', '\nextra QQ==\nindex'))).toMatchObject({
      index: 1,
    });
  });

  it('[AU-03] show it of no other entry, index, key or checkpoint', () => {
    const stranger = parseVerifierKey(verifierKeyOf(noteSigner(signer.name, randomBytes(32))));
    expect(() => verifyTlogProof(proof, entries[0]!, log)).toThrow('does not lead');
    expect(() => verifyTlogProof(proof.replace('index 1', 'index 0'), entries[1]!, log)).toThrow();
    expect(() => verifyTlogProof(proof.replace('\n3\n', '\n4\n'), entries[1]!, log)).toThrow();
    expect(() => verifyTlogProof(proof, entries[1]!, stranger)).toThrow('nobody who is trusted');
    expect(() => verifyTlogProof('c2sp.org/tlog-proof@v2\n', entries[1]!, log)).toThrow();
  });
});

/** SHA-256(name || LF || type || key)[:4] */
function keyId(name: string, key: Buffer): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), key]), 'buffer').subarray(0, 4);
}

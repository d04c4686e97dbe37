import { randomBytes } from 'node:crypto';

import {
  inclusionProof,
  leafHash,
  noteSigner,
  parseVerifierKey,
  signCheckpoint,
  type Tile,
  TreeBuilder,
  verifierKeyOf,
} from '../../platform/transparency-log/index.js';
import { type ExportedEntry, verifyExport } from './export-verifier.js';

describe('An export of the audit log, without the log', () => {
  const signer = noteSigner('log.example/audit', randomBytes(32));
  const key = parseVerifierKey(verifierKeyOf(signer));
  const size = 300;
  let whole: ExportedEntry[];
  let proved: ExportedEntry[];
  let checkpoint: string;

  beforeAll(async () => {
    const events = Array.from({ length: size }, (_, i) => ({
      id: `event-${i}`,
      action: 'roles.created',
      payload: { permissions: [i] },
    }));
    const leaves = events.map((event) => JSON.stringify(event));
    const builder = await TreeBuilder.resume(0, () => Promise.resolve([]));
    for (const leaf of leaves) builder.append(leafHash(Buffer.from(leaf)));
    const tiles: readonly Tile[] = builder.takeChanged();
    checkpoint = signCheckpoint({ origin: signer.name, size, root: builder.root() }, signer);
    whole = leaves.map((leaf, leafIdx) => ({ leafIdx, leaf, event: events[leafIdx]! }));
    proved = await Promise.all(
      [7, 100, 299].map(async (index) => {
        const hashes = await inclusionProof(index, size, () => Promise.resolve(tiles));
        return { ...whole[index]!, proof: hashes.map((hash) => hash.toString('base64')) };
      }),
    );
  });

  const verify = (entries: readonly object[], note = checkpoint) => {
    async function* lines(): AsyncGenerator<{ number: number; text: Buffer }> {
      for (const [i, entry] of entries.entries()) {
        yield await Promise.resolve({ number: i + 1, text: Buffer.from(JSON.stringify(entry)) });
      }
    }
    return verifyExport(lines(), note, key);
  };
  const changed = (entries: readonly ExportedEntry[], at: number, change: object) =>
    entries.map((entry, i) => (i === at ? { ...entry, ...change } : entry));

  it('[AU-03] is verified when it is the whole log', async () => {
    const answer = { entries: size, whole: true, newer: 0, size };
    expect(await verify(whole)).toMatchObject(answer);
    expect(await verify([...whole, { checkpoint }])).toMatchObject(answer);
    expect(await verify([...whole, { leafIdx: size, leaf: '{}' }])).toMatchObject({
      ...answer,
      entries: size + 1,
      newer: 1,
    });
  });

  it('[AU-03] is verified by its proofs when it is a part', async () => {
    expect(await verify(proved)).toMatchObject({ entries: 3, whole: false, newer: 0 });
  });

  it('[AU-03][AU-05] is verified with the hashes of entries whose time was over', async () => {
    const { leafIdx, leaf } = whole[9]!;
    const left = { leafIdx, leafHash: leafHash(Buffer.from(leaf!)).toString('base64') };
    expect(await verify(whole.map((entry, i) => (i === 9 ? left : entry)))).toMatchObject({
      whole: true,
    });
  });

  it.each<[string, () => readonly object[], RegExp]>([
    [
      'an entry was changed',
      () => changed(whole, 9, { leaf: '{}', event: undefined }),
      /not those/,
    ],
    ['an entry is missing', () => whole.filter((_, i) => i !== 9), /left out/],
    ['the end is missing', () => whole.slice(0, -1), /left out/],
    ['two entries changed places', () => [whole[1]!, whole[0]!, ...whole.slice(2)], /left out/],
    [
      'a proved entry was changed',
      () => changed(proved, 1, { leaf: '{"id":"event-100"}', event: undefined }),
      /leads elsewhere/,
    ],
    ['a proved entry was moved', () => changed(proved, 1, { leafIdx: 101 }), /leads elsewhere/],
    ['one of them carries no proof', () => changed(proved, 1, { proof: undefined }), /left out/],
    [
      'people read another action',
      () => changed(whole, 9, { event: { id: 'event-9', action: 'x' } }),
      /action reads differently/,
    ],
    [
      'people read another payload',
      () =>
        changed(whole, 9, {
          event: { id: 'event-9', action: 'roles.created', payload: { permissions: [] } },
        }),
      /payload.permissions reads differently/,
    ],
    ['a line is no entry', () => [{}], /line 1 is no entry/],
    [
      'a hash is too short',
      () => [{ leafIdx: 0, leafHash: 'AA==' }],
      /neither a leaf nor its hash/,
    ],
  ])('[AU-03][F17] is not verified when %s', async (_, entries, message) => {
    await expect(verify(entries())).rejects.toThrow(message);
  });

  it('[AU-03] is not verified against a checkpoint of somebody else', async () => {
    const other = noteSigner(signer.name, randomBytes(32));
    const forged = signCheckpoint({ origin: other.name, size, root: randomBytes(32) }, other);
    await expect(verify(whole, forged)).rejects.toThrow('nobody who is trusted');
  });
});

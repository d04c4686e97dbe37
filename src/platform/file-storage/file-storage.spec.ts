import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';

import { FilesConfig, loadConfig, PerimeterConfig, ProcessConfig } from '../config/index.js';
import { Outgoing } from '../outgoing/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { DiskStore } from './disk-store.js';
import { chooseStore } from './file-storage.module.js';
import { readUnsealed, sealedSize, Sealing, unsealed } from './sealing.js';
import { S3Store } from './s3-store.js';

const key = randomBytes(32);
const id = '0199a0b0-7c1e-7b52-8f4d-3f1d2c9a6b10';
const piece = 65_536 + 16;

const seal = (content: Buffer): Promise<Buffer> =>
  buffer(Readable.from([content], { objectMode: false }).pipe(new Sealing({ id, key })));
const open = (sealed: Buffer, size: number, as = id): Promise<Buffer> =>
  buffer(Readable.from(unsealed(Readable.from([sealed]), { id: as, key, size })));

describe('A sealed file', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])(
    '[PE-07][V11.3.2] of %i bytes opens as a whole and in parts',
    async (size) => {
      const content = randomBytes(size);
      const sealed = await seal(content);
      expect(sealed).toHaveLength(sealedSize(size));
      expect((await open(sealed, size)).equals(content)).toBe(true);
      const readAt = (from: number, length: number): Promise<Buffer> =>
        Promise.resolve(sealed.subarray(from, from + length));
      for (const [from, length] of [
        [0, 10],
        [65_530, 20],
        [size - 5, 100],
        [size, 1],
      ] as const) {
        const part = await readUnsealed(readAt, { id, key, size }, Math.max(0, from), length);
        const start = Math.max(0, from);
        expect(part.equals(content.subarray(start, start + length))).toBe(true);
      }
    },
  );

  it('[V11.3.2] does not open when pieces were changed, moved, cut off or added', async () => {
    const size = 200_000;
    const sealed = await seal(randomBytes(size));
    const swapped = Buffer.concat([
      sealed.subarray(piece, 2 * piece),
      sealed.subarray(0, piece),
      sealed.subarray(2 * piece),
    ]);
    const changed = Buffer.from(sealed);
    changed[70_000]! ^= 1;
    for (const wrong of [swapped, changed, sealed.subarray(0, 2 * piece), sealed.subarray(0, -1)]) {
      await expect(open(wrong, size)).rejects.toThrow();
    }
    await expect(open(Buffer.concat([sealed, sealed]), size)).rejects.toThrow('the size');
    await expect(open(sealed.subarray(0, 2 * piece), 131_072)).rejects.toThrow(); // no last piece
    await expect(open(sealed, size, id.replace('1', '2'))).rejects.toThrow();
  });
});

describe('The store of files', () => {
  const store = (env: Record<string, string>): unknown => {
    const config = loadConfig(env);
    const outgoing = new Outgoing(config.get(PerimeterConfig), new Metrics());
    return chooseStore(config.get(ProcessConfig), config.get(FilesConfig), outgoing);
  };

  it('is the disk, or a bucket with its key', () => {
    expect(store({})).toBeInstanceOf(DiskStore);
    const bucket = { FILES_S3_URL: 'https://s3.example.com/b', FILES_S3_ACCESS_KEY_ID: 'id' };
    expect(() => store(bucket)).toThrow('FILES_S3_SECRET_ACCESS_KEY');
    expect(store({ ...bucket, FILES_S3_SECRET_ACCESS_KEY: 'key' })).toBeInstanceOf(S3Store);
  });
});

import { setTimeout as delay } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';

import { AppError, invalid } from '../../platform/errors/app-error.js';
import {
  consistencyProof,
  formatTlogProof,
  inclusionProof,
  openCheckpoint,
  signCheckpoint,
  emptyRoot,
} from '../../platform/transparency-log/index.js';
import { AuditLogRepository } from './audit-log.repository.js';
import type { ConsistencyView, ProofView } from './audit-log.view.js';
import { LogKey } from './log-key.service.js';
import { Sequencer } from './sequencer.js';

/** How long a proof waits for an event that was committed a moment ago. */
const patienceMs = 3_000;

/** What the log says, for those who do not take our word for it. */
@Injectable()
export class AuditLogService {
  constructor(
    private readonly repository: AuditLogRepository,
    private readonly sequencer: Sequencer,
    private readonly key: LogKey,
  ) {}

  /**
   * The newest checkpoint, a signed note, with the cosignatures that there are; that of an empty log
   * when there is none yet.
   */
  async checkpoint(): Promise<string> {
    const empty = { origin: this.key.signer.name, size: 0, root: emptyRoot };
    const newest = await this.repository.cosignedCheckpoint(-1, false);
    return newest ?? signCheckpoint(empty, this.key.signer);
  }

  publicKey(): string {
    return `${this.key.verifierKey}\n`;
  }

  /** @throws AppError `audit.event_not_found`, `audit.event_pruned`, `audit.not_sequenced` */
  async proof(eventId: string): Promise<ProofView> {
    const leaf = await this.repository.leafOf(eventId);
    if (leaf === null) throw new AppError(await this.whyGone(eventId));
    const index = await this.placeOf(eventId);
    // What witnesses have seen proves more than what is newest.
    const cosigned = await this.repository.cosignedCheckpoint(index, true);
    const checkpoint = cosigned ?? (await this.checkpoint());
    const { size } = openCheckpoint(checkpoint, this.key.verifier);
    const hashes = await inclusionProof(index, size, this.repository.readTiles);
    return {
      leafIdx: index,
      leafB64: Buffer.from(leaf).toString('base64'),
      proof: hashes.map((hash) => hash.toString('base64')),
      checkpoint,
      tlogProof: formatTlogProof({ index, hashes, checkpoint }),
    };
  }

  /** That the log of `to` entries begins with the one of `from`. */
  async consistency(from: number, to: number | undefined): Promise<ConsistencyView> {
    const { size } = openCheckpoint(await this.checkpoint(), this.key.verifier);
    const end = to ?? size;
    if (end > size) throw invalid('/query/to', 'max', `the log has ${size} entries`);
    if (from > end) throw invalid('/query/from', 'max', 'must not be greater than to');
    const proof = await consistencyProof(from, end, this.repository.readTiles);
    return { from, to: end, proof: proof.map((hash) => hash.toString('base64')) };
  }

  private async whyGone(eventId: string): Promise<'audit.event_pruned' | 'audit.event_not_found'> {
    const index = await this.repository.indexOf(eventId);
    if (index === null) return 'audit.event_not_found';
    const [entry] = await this.repository.entries(index, index + 1);
    return entry?.pruned ? 'audit.event_pruned' : 'audit.event_not_found';
  }

  private async placeOf(eventId: string): Promise<number> {
    for (const until = performance.now() + patienceMs; ; await delay(100)) {
      const index = await this.repository.indexOf(eventId);
      if (index !== null) return index;
      if (performance.now() > until) throw new AppError('audit.not_sequenced');
      await this.sequencer.run();
    }
  }
}

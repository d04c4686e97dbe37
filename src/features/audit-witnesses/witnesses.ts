import { Injectable, Logger } from '@nestjs/common';

import { AuditConfig } from '../../platform/config/index.js';
import { Outgoing } from '../../platform/outgoing/index.js';
import { Metrics } from '../../platform/telemetry/metrics.js';
import { CosignaturesRepository } from './cosignatures.repository.js';
import { type Submission, Witness, WitnessRefusal } from './witness.js';

/** All witnesses of the configuration, asked side by side: none waits for another. */
@Injectable()
export class Witnesses {
  private readonly logger = new Logger('AuditLog');
  private readonly all: readonly Witness[];
  /** By witness: why its last answer may mean that the log was changed. */
  private readonly alarms = new Map<string, string>();

  constructor(
    private readonly cosignatures: CosignaturesRepository,
    private readonly outgoing: Outgoing,
    private readonly metrics: Metrics,
    { witnesses }: AuditConfig,
  ) {
    this.all = witnesses.map((setting) => new Witness(setting));
  }

  get any(): boolean {
    return this.all.length > 0;
  }

  /** What a witness has said that the log cannot have come to honestly; null when none has. */
  get alarm(): string | null {
    return [...this.alarms.values()][0] ?? null;
  }

  async submit(submission: Submission): Promise<void> {
    await Promise.all(this.all.map((witness) => this.ask(witness, submission)));
  }

  private async ask(witness: Witness, submission: Submission): Promise<void> {
    const { size } = submission.checkpoint;
    const id = `${witness.name}+${witness.key.keyId.toString('hex')}`;
    const known = await this.cosignatures.lastSize(id);
    if (known === size) return;
    const outcome = await this.outcomeOf(async () => {
      // Beyond the size: the database was put back, and the witness will say so.
      const line = await witness.cosign(this.outgoing, Math.min(known, size), submission);
      await this.cosignatures.add(size, id, line);
    }, witness);
    this.metrics.counter('audit_witness_answers_total').inc({ witness: witness.name, outcome });
  }

  private async outcomeOf(work: () => Promise<void>, { name }: Witness): Promise<string> {
    try {
      await work();
      this.alarms.delete(name);
      return 'cosigned';
    } catch (error) {
      const alarming = error instanceof WitnessRefusal && error.alarming;
      if (alarming) this.alarms.set(name, error.message);
      this.logger[alarming ? 'error' : 'warn'](
        { err: error as Error, witness: name },
        'A witness has not cosigned the checkpoint',
      );
      return error instanceof WitnessRefusal ? 'refused' : 'unreachable';
    }
  }
}

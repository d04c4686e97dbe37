import type { WitnessSetting } from '../../platform/config/index.js';
import type { Outgoing, OutgoingAnswer } from '../../platform/outgoing/index.js';
import {
  type Checkpoint,
  isBy,
  NoteError,
  type NoteVerifier,
  parseNote,
  parseSignature,
  parseVerifierKey,
  verifierOf,
} from '../../platform/transparency-log/index.js';

/** The witness does not cosign; `alarming` when the reason may be that the log was changed. */
export class WitnessRefusal extends Error {
  constructor(
    message: string,
    readonly alarming = false,
  ) {
    super(message);
  }
}

export interface Submission {
  checkpoint: Checkpoint;
  note: string;
  /** Proof that the log of the checkpoint begins with the one of `old` entries. */
  proofFrom: (old: number) => Promise<readonly Buffer[]>;
}

/** Longer than any answer that fits the protocol. */
const longestAnswer = 16_384;
const timeoutMs = 10_000;
/** Another instance may have been faster once. */
const tries = 3;

/** Somebody elsewhere who signs that a checkpoint extends all they have seen (C2SP tlog-witness). */
export class Witness {
  readonly key: NoteVerifier;
  private readonly url: string;

  constructor({ key, url }: WitnessSetting) {
    this.key = parseVerifierKey(key);
    this.url = `${url}/add-checkpoint`;
  }

  get name(): string {
    return this.key.name;
  }

  /**
   * Submits a checkpoint.
   * @param known size that the witness should know of
   * @returns the line with its cosignature, verified
   * @throws WitnessRefusal
   * @throws OutgoingError
   */
  async cosign(outgoing: Outgoing, known: number, submission: Submission): Promise<string> {
    const { size } = submission.checkpoint;
    let old = known;
    for (let i = 0; i < tries; i++) {
      const answer = await this.submit(outgoing, old, submission);
      if (answer.status === 200) return this.cosignatureIn(answer.body, submission.note);
      if (answer.status !== 409) throw this.refusal(answer);
      old = sizeIn(answer);
      if (old > size) {
        const message = `${this.name} has seen ${old} entries, and the log has ${size}`;
        throw new WitnessRefusal(message, true);
      }
    }
    throw new WitnessRefusal(`${this.name} names another size each time`);
  }

  private async submit(
    outgoing: Outgoing,
    old: number,
    { note, proofFrom }: Submission,
  ): Promise<OutgoingAnswer> {
    const proof = (await proofFrom(old)).map((hash) => `${hash.toString('base64')}\n`);
    return outgoing.request(this.url, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: `old ${old}\n${proof.join('')}\n${note}`,
      maxBytes: longestAnswer,
      timeoutMs,
      repeatable: true, // a witness that has signed signs again
    });
  }

  /** What it says is believed only with its signature. */
  private cosignatureIn(body: string, note: string): string {
    const { text } = parseNote(note);
    for (const line of body.split('\n').filter((each) => each !== '')) {
      const signature = parsed(line);
      if (!signature || !verifierOf(signature, [this.key])) continue;
      if (isBy(this.key, text, signature)) return signature.line;
    }
    throw new WitnessRefusal(`${this.name} answered without a cosignature of its own`);
  }

  private refusal({ status }: OutgoingAnswer): WitnessRefusal {
    const reasons: Record<number, [string, boolean]> = {
      403: ['does not trust the key of the log', false],
      404: ['does not know the log', false],
      422: ['finds that the log does not extend what it has seen', true],
    };
    const [reason, alarming] = reasons[status] ?? [`answered ${status}`, false];
    return new WitnessRefusal(`${this.name} ${reason}`, alarming);
  }
}

/** Size of the checkpoint that the witness has seen last (`text/x.tlog.size`). */
function sizeIn({ body }: OutgoingAnswer): number {
  const match = /^(0|[1-9]\d{0,15})\n$/.exec(body);
  if (!match) throw new WitnessRefusal('a conflict without a size');
  return Number(match[1]);
}

function parsed(line: string): ReturnType<typeof parseSignature> | null {
  try {
    return parseSignature(line);
  } catch (error) {
    if (error instanceof NoteError) return null;
    throw error;
  }
}

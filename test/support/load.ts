import { setTimeout as delay } from 'node:timers/promises';

import type { Answer } from './test-app.js';

export interface Sample {
  kind: string;
  /** 0 when there was no answer at all. */
  status: number;
  /** How long it took, and when it began. */
  ms: number;
  at: number;
  answer?: Answer;
}

const loads = new Set<Load>();

/** Stops what a test that failed has left running. */
export async function stopLoads(): Promise<void> {
  await Promise.all([...loads].map((load) => load.stop()));
}

/** Callers that repeat their calls until they are told to stop. */
export class Load {
  readonly samples: Sample[] = [];
  private running = true;
  private readonly callers: Promise<void>[];

  /** @param calls by a name of their own, each repeated by `callersEach` callers */
  constructor(calls: Record<string, () => Promise<Answer>>, callersEach = 2) {
    this.callers = Object.entries(calls).flatMap(([kind, call]) =>
      Array.from({ length: callersEach }, () => this.repeat(kind, call)),
    );
    loads.add(this);
  }

  /** Waits for the calls that run. */
  async stop(): Promise<Sample[]> {
    this.running = false;
    await Promise.all(this.callers);
    loads.delete(this);
    return this.samples;
  }

  of(kind: string, status?: number): Sample[] {
    return this.samples.filter(
      (sample) => sample.kind === kind && (status === undefined || sample.status === status),
    );
  }

  private async repeat(kind: string, call: () => Promise<Answer>): Promise<void> {
    while (this.running) {
      const at = performance.now();
      const answer = await call().catch(() => undefined);
      this.samples.push({
        ...{ kind, status: answer?.status ?? 0, ms: performance.now() - at, at },
        ...(answer && { answer }),
      });
      if (answer?.status !== 200 && answer?.status !== 201) await delay(20);
    }
  }
}

/**
 * Each failure is one that says "again later" in the form of the house.
 * @param log lines of the service, quoted for the others
 */
export function expectHonestFailures(samples: readonly Sample[], log: readonly string[]): void {
  const dishonest = samples.filter(({ status, answer }) => {
    if (status === 200 || status === 201) return false;
    const headers = answer?.headers ?? {};
    const problem = headers['content-type']?.startsWith('application/problem+json');
    return !(status === 503 && problem && Number(headers['retry-after']) > 0);
  });
  const told = dishonest.map(({ kind, status, answer }) => {
    const requestId = String(answer?.body?.requestId);
    return { kind, status, log: log.filter((line) => line.includes(requestId)) };
  });
  expect(told).toEqual([]);
}

export function slowest(samples: readonly Sample[]): number {
  return Math.max(0, ...samples.map(({ ms }) => ms));
}

import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import type { LimitPolicyName } from '../../catalogue/limits.js';
import { PerimeterConfig } from '../config/index.js';
import { blockSeconds, memorySeconds, streakMs, violationsInARow } from './block.policy.js';
import { Networks } from './networks.js';

/**
 * Who can be blocked: strangers by network, callers whose credential is good as themselves.
 * `visitor` is what browsers of a network are made to do by pages of other sites: any page can, so
 * that a block of it concerns nothing else, and is not written down.
 */
export interface Subject {
  kind: 'network' | 'user' | 'api-key' | 'visitor';
  /** Address or /64; id of the user or of the key. */
  id: string;
  /** The user behind the credential. */
  userId: string | null;
}

/** What is kept for all instances. */
export type KeptSubject = Subject & { kind: Exclude<Subject['kind'], 'visitor'> };

export interface Imposed {
  subject: KeptSubject;
  policy: LimitPolicyName;
}

/** A block as it was written down. Seconds from now; over when `seconds` is 0. */
export interface KnownBlock {
  kind: KeptSubject['kind'];
  id: string;
  times: number;
  seconds: number;
  rememberSeconds: number;
}

/** Times of this process's monotonic clock, in milliseconds. */
interface Standing {
  times: number;
  until: number;
  rememberedUntil: number;
}

/**
 * Blocks whoever goes on after being refused, in memory, so that a blocked request costs next to
 * nothing. Who keeps blocks and tells other instances listens with {@link onImposed} and hands in
 * what they know with {@link learn}.
 *
 * A stranger cannot get others blocked who proved who they are: those are blocked as themselves.
 */
@Injectable()
export class Blocks {
  private readonly standings = new LRUCache<string, Standing>({ max: 20_000 });
  private readonly streaks = new LRUCache<string, number>({ max: 20_000, ttl: streakMs });
  private readonly never: Networks;
  private listener: (imposed: Imposed) => void = () => undefined;

  constructor({ rateLimitAllowedNetworks, trustedProxies }: PerimeterConfig) {
    // A proxy stands for a client only where it did not say for whom it asks.
    this.never = new Networks([...rateLimitAllowedNetworks, ...trustedProxies]);
  }

  /** Milliseconds that a block has left; 0 when there is none. */
  leftMs(kind: Subject['kind'], id: string): number {
    if (this.standings.size === 0) return 0;
    const until = this.standings.get(`${kind}:${id}`)?.until ?? 0;
    return Math.max(0, until - performance.now());
  }

  /** A refusal. @param counter what refused: its refusals count until it lets a request through */
  violated(subject: Subject, counter: string, policy: LimitPolicyName): void {
    const violations = (this.streaks.get(counter) ?? 0) + 1;
    this.streaks.set(counter, violations);
    if (violations < violationsInARow || this.isNever(subject)) return;
    this.streaks.delete(counter);
    if (this.leftMs(subject.kind, subject.id) > 0) return;
    this.impose(subject);
    if (isKept(subject)) this.listener({ subject, policy });
  }

  passed(counter: string): void {
    if (this.streaks.size > 0) this.streaks.delete(counter);
  }

  /** Calls back for each new block, which holds here already. */
  onImposed(listener: (imposed: Imposed) => void): void {
    this.listener = listener;
  }

  /** Takes over what was written down by any instance: also that a block was lifted. */
  learn(blocks: readonly KnownBlock[]): void {
    const now = performance.now();
    for (const { kind, id, times, seconds, rememberSeconds } of blocks) {
      if (this.isNever({ kind, id })) continue;
      const until = now + seconds * 1000;
      const rememberedUntil = now + rememberSeconds * 1000;
      this.standings.set(`${kind}:${id}`, { times, until, rememberedUntil });
    }
  }

  private impose({ kind, id }: Subject): void {
    const now = performance.now();
    const before = this.standings.get(`${kind}:${id}`);
    const times = before && before.rememberedUntil > now ? before.times + 1 : 1;
    const until = now + blockSeconds(times) * 1000;
    const rememberedUntil = until + memorySeconds * 1000;
    this.standings.set(`${kind}:${id}`, { times, until, rememberedUntil });
  }

  private isNever({ kind, id }: Pick<Subject, 'kind' | 'id'>): boolean {
    return (kind === 'network' || kind === 'visitor') && this.never.contain(id);
  }
}

function isKept(subject: Subject): subject is KeptSubject {
  return subject.kind !== 'visitor';
}

import { Injectable } from '@nestjs/common';
import {
  HealthIndicatorService,
  type HealthIndicatorResult,
  TypeOrmHealthIndicator,
} from '@nestjs/terminus';

import { Caches } from '../../platform/cache/index.js';
import { DatabaseVitals } from '../../platform/database/index.js';
import { Drain } from '../../platform/http/drain.js';
import { Overload } from '../../platform/load/index.js';
import { Redis } from '../../platform/redis/index.js';
import { ComponentView, type HealthStatus, HealthView, type ProbeView } from './health.view.js';

/** Longest time one check may take, milliseconds; checks run side by side. */
const checkTimeoutMs = 2_000;
/** An answer is good for this long, so that probes of many balancers cost one check. */
const freshForMs = 1_000;

interface Component {
  name: string;
  required: boolean;
  check: () => PromiseLike<HealthIndicatorResult>;
}

/** What the service depends on and how it is, checked on demand, one check at a time. */
@Injectable()
export class HealthService {
  private readonly components: Component[];
  private readonly known = new Map<string, ComponentView>();
  private checking?: Promise<HealthView>;
  private last?: { view: HealthView; at: number };

  constructor(
    private readonly drain: Drain,
    caches: Caches,
    redis: Redis,
    vitals: DatabaseVitals,
    overload: Overload,
    private readonly indicators: HealthIndicatorService,
    typeOrm: TypeOrmHealthIndicator,
  ) {
    this.components = [
      {
        name: 'database',
        required: true,
        check: () =>
          vitals.busy
            ? Promise.resolve(indicators.check('database').up())
            : typeOrm.pingCheck('database', { timeout: checkTimeoutMs }),
      },
      {
        name: 'invalidation',
        required: false,
        check: async () => {
          const indicator = indicators.check('invalidation');
          return caches.hearing ? indicator.up() : indicator.down();
        },
      },
      {
        name: 'load',
        required: false, // the others have as much to do; see docs/adr/0023-load-shedding.md
        check: () => {
          const indicator = indicators.check('load');
          return Promise.resolve(overload.recent ? indicator.down() : indicator.up());
        },
      },
    ];
    if (redis.configured) {
      this.components.push({
        name: 'redis',
        required: false, // what needs no session goes on; see docs/operations/redis.md
        check: async () => {
          await redis.ping();
          return indicators.check('redis').up();
        },
      });
    }
  }

  /** A part of the service that can be told whether it is well; nobody waits for it. */
  watch(name: string, isWell: () => boolean): void {
    const indicator = this.indicators.check(name);
    const check = (): Promise<HealthIndicatorResult> =>
      Promise.resolve(isWell() ? indicator.up() : indicator.down());
    this.components.push({ name, required: false, check });
  }

  async readiness(): Promise<ProbeView['status']> {
    if (this.drain.active) return 'stopping';
    return (await this.report()).status === 'unhealthy' ? 'unavailable' : 'ok';
  }

  async report(): Promise<HealthView> {
    if (this.last && performance.now() - this.last.at < freshForMs) return this.last.view;
    this.checking ??= this.check().finally(() => (this.checking = undefined));
    return this.checking;
  }

  private async check(): Promise<HealthView> {
    const components = await Promise.all(this.components.map((component) => this.look(component)));
    const status = components.some(({ status }) => status === 'unhealthy')
      ? 'unhealthy'
      : components.some(({ status }) => status === 'degraded')
        ? 'degraded'
        : 'healthy';
    const view = Object.assign(new HealthView(), { status, components });
    this.last = { view, at: performance.now() };
    return view;
  }

  private async look({ name, required, check }: Component): Promise<ComponentView> {
    const started = performance.now();
    const up = await Promise.resolve(check()).then(
      (result) => result[name]?.status === 'up',
      () => false,
    );
    const status: HealthStatus = up ? 'healthy' : required ? 'unhealthy' : 'degraded';
    const before = this.known.get(name);
    const view = Object.assign(new ComponentView(), {
      name,
      status,
      required,
      durationMs: Math.round((performance.now() - started) * 100) / 100,
      since: before?.status === status ? before.since : new Date(),
    });
    this.known.set(name, view);
    return view;
  }
}

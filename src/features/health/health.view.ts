export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** One thing the service depends on. */
export class ComponentView {
  /** @example "database" */
  name: string;
  /** `degraded`: away, but the service works without it. */
  status: HealthStatus;
  /** Whether the service is useless without it. */
  required: boolean;
  /**
   * Milliseconds the last check took.
   * @example 1.2
   */
  durationMs: number;
  /** When it took on this status. */
  since: Date;
}

export class HealthView {
  /** The worst of the required components; `degraded` when only optional ones are away. */
  status: HealthStatus;
  components: ComponentView[];
}

/** What a probe is told. */
export class ProbeView {
  /** @example "ok" */
  status: 'ok' | 'unavailable' | 'stopping';
}

export class InfoView {
  /** @example "gatehouse" */
  name: string;
  /** @example "0.1.0" */
  version: string;
  /** @example "3f2c1ab" */
  commit: string;
  /** @example "v24.9.0" */
  node: string;
  startedAt: Date;
  /**
   * Seconds since the start.
   * @example 86400
   */
  uptimeSeconds: number;
}

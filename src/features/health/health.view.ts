import { ApiProperty } from '@nestjs/swagger';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** One thing the service depends on. */
export class ComponentView {
  /** @example "database" */
  @ApiProperty({ maxLength: 40, pattern: '^[a-z-]+$' })
  name: string;
  /** `degraded`: away, but the service works without it. */
  status: HealthStatus;
  /** Whether the service is useless without it. */
  required: boolean;
  /**
   * Milliseconds the last check took.
   * @example 1.2
   */
  @ApiProperty({ minimum: 0 })
  durationMs: number;
  /** When it took on this status. */
  since: Date;
}

export class HealthView {
  /** The worst of the required components; `degraded` when only optional ones are away. */
  status: HealthStatus;
  @ApiProperty({ maxItems: 50 })
  components: ComponentView[];
}

/** What a probe is told. */
export class ProbeView {
  /** @example "ok" */
  status: 'ok' | 'unavailable' | 'stopping';
}

export class InfoView {
  name: 'gatehouse';
  /** @example "0.1.0" */
  @ApiProperty({ maxLength: 40, pattern: '^[0-9]+[.][0-9]+[.][0-9]+' })
  version: string;
  /** @example "3f2c1ab" */
  @ApiProperty({ maxLength: 200 })
  commit: string;
  /** @example "v24.9.0" */
  @ApiProperty({ maxLength: 40, pattern: '^v[0-9]+[.][0-9]+[.][0-9]+' })
  node: string;
  startedAt: Date;
  /**
   * Seconds since the start.
   * @example 86400
   */
  @ApiProperty({ type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
  uptimeSeconds: number;
}

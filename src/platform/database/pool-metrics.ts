import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

import { Metrics } from '../telemetry/metrics.js';

interface Pool {
  totalCount: number;
  idleCount: number;
  waitingCount: number;
}

/** Reads the state of the connection pool whenever the metrics are scraped. */
@Injectable()
export class PoolMetrics {
  constructor(dataSource: DataSource, metrics: Metrics) {
    const gauge = metrics.gauge('database_pool_connections');
    const collected = gauge as unknown as { collect: () => void };
    collected.collect = () => {
      const { master } = dataSource.driver as unknown as { master?: Pool };
      if (!master) return;
      gauge.set({ state: 'active' }, master.totalCount - master.idleCount);
      gauge.set({ state: 'idle' }, master.idleCount);
      gauge.set({ state: 'waiting' }, master.waitingCount);
    };
  }
}

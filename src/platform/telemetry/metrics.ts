import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, type Metric, register } from 'prom-client';

import {
  type MetricDefinition,
  type MetricName,
  metrics as catalogue,
} from '../../catalogue/metrics.js';

type NamesOf<K extends MetricDefinition['kind']> = {
  [N in MetricName]: (typeof catalogue)[N]['kind'] extends K ? N : never;
}[MetricName];

/** The metrics of the catalogue, by name; a name of the wrong kind does not compile. */
@Injectable()
export class Metrics {
  private readonly byName = new Map<string, Metric>();

  constructor() {
    for (const [name, definition] of Object.entries(catalogue)) {
      this.byName.set(name, register.getSingleMetric(name) ?? create(name, definition));
    }
  }

  counter(name: NamesOf<'counter'>): Counter {
    return this.byName.get(name) as Counter;
  }

  gauge(name: NamesOf<'gauge'>): Gauge {
    return this.byName.get(name) as Gauge;
  }

  histogram(name: NamesOf<'histogram'>): Histogram {
    return this.byName.get(name) as Histogram;
  }
}

function create(name: string, { kind, help, labels, buckets }: MetricDefinition): Metric {
  const options = { name, help, labelNames: [...labels] };
  if (kind === 'counter') return new Counter(options);
  if (kind === 'gauge') return new Gauge(options);
  return new Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) });
}

import { createServer, type Server } from 'node:http';

import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { register } from 'prom-client';

import { HttpConfig, PerimeterConfig } from '../../platform/config/index.js';
import { sameText } from './metrics-access.js';

/** Serves `/metrics` on METRICS_PORT, so that a network policy can keep it inside. */
@Injectable()
export class MetricsServer implements OnApplicationBootstrap, OnApplicationShutdown {
  private server?: Server;

  constructor(
    private readonly http: HttpConfig,
    private readonly perimeter: PerimeterConfig,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { metricsPort, metricsToken } = this.perimeter;
    if (metricsPort === 0) return;
    this.server = createServer((request, response) => {
      const { authorization = '' } = request.headers;
      const allowed = !metricsToken || sameText(authorization, `Bearer ${metricsToken}`);
      if (!allowed) return void response.writeHead(401, { 'www-authenticate': 'Bearer' }).end();
      if (request.url !== '/metrics' || request.method !== 'GET') {
        return void response.writeHead(404).end();
      }
      register.metrics().then(
        (text) => response.writeHead(200, { 'content-type': register.contentType }).end(text),
        () => response.writeHead(500).end(),
      );
    });
    this.server.requestTimeout = 5_000;
    await new Promise<void>((resolve, reject) => {
      this.server!.once('error', reject).listen(metricsPort, this.http.host, resolve);
    });
  }

  onApplicationShutdown(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}

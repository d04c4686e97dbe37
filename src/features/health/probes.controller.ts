import { Controller, Get, Res } from '@nestjs/common';
import { ApiServiceUnavailableResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';

import { Access } from '../../platform/access/index.js';
import { Deadline } from '../../platform/http/deadline.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { HealthService } from './health.service.js';
import { ProbeView } from './health.view.js';

/** For Kubernetes and load balancers. */
@Controller('health')
@Access.public()
@Limit.none()
export class ProbesController {
  constructor(private readonly health: HealthService) {}

  /** Whether the process works; touches no dependency. Restart it when this fails. */
  @Get('live')
  live(): ProbeView {
    return { status: 'ok' };
  }

  /** Whether start-up is over: it answers only then. */
  @Get('startup')
  startup(): ProbeView {
    return { status: 'ok' };
  }

  /** Whether to send requests here: 503 while the database is away or the instance is stopping. */
  @Get('ready')
  @Deadline('probe')
  @ApiServiceUnavailableResponse({ type: ProbeView, description: 'Send requests elsewhere.' })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ProbeView> {
    return answer(await this.health.readiness(), reply);
  }
}

function answer(status: ProbeView['status'], reply: FastifyReply): ProbeView {
  void reply.status(status === 'ok' ? 200 : 503);
  return { status };
}

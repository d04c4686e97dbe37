import { Controller, Get, Res, UseGuards } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { PrometheusController } from '@willsoto/nestjs-prometheus';

import { Access } from '../../platform/access/index.js';
import { Limit } from '../../platform/throttling/limit.decorator.js';
import { MetricsAccess } from './metrics-access.js';

/** `/metrics` in the Prometheus text format. */
@Controller()
@ApiExcludeController()
@Limit.none()
export class MetricsController extends PrometheusController {
  @Get()
  @Access.public()
  @UseGuards(MetricsAccess)
  override index(@Res({ passthrough: true }) response: unknown): Promise<string> {
    return super.index(response);
  }
}

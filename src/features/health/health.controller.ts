import { Controller, Get } from '@nestjs/common';

import { Access } from '../../platform/access/index.js';
import { Installation } from '../../platform/installation/installation.js';
import { HealthService } from './health.service.js';
import { HealthView, InfoView } from './health.view.js';

@Controller()
@Access.public()
export class HealthController {
  constructor(
    private readonly health: HealthService,
    private readonly installation: Installation,
  ) {}

  /** What the service depends on, and how each part is. Always 200: for people, not for probes. */
  @Get('health')
  report(): Promise<HealthView> {
    return this.health.report();
  }

  /** Which version runs, and since when. */
  @Get('info')
  info(): InfoView {
    return this.installation.info();
  }
}

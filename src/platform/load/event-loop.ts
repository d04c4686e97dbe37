import { monitorEventLoopDelay } from 'node:perf_hooks';

import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';

import { LoadConfig } from '../config/index.js';
import { ShedShare } from './shed-share.js';

const resolutionMs = 10;
const windowMs = 500;

/** Watches how late the event loop is: by that much every step of every request is delayed. */
@Injectable()
export class EventLoop implements OnModuleInit, OnApplicationShutdown {
  private readonly delays = monitorEventLoopDelay({ resolution: resolutionMs });
  private readonly share: ShedShare;
  private timer?: NodeJS.Timeout;
  private dueAt = 0;

  constructor({ eventLoopLagMs }: LoadConfig) {
    this.share = new ShedShare(eventLoopLagMs);
  }

  onModuleInit(): void {
    this.delays.enable();
    this.dueAt = performance.now() + windowMs;
    this.timer = setInterval(() => this.look(), windowMs).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.delays.disable();
  }

  /** Whether this request is one of those that are refused. */
  get refuses(): boolean {
    return this.share.value > 0 && Math.random() < this.share.value;
  }

  private look(): void {
    const now = performance.now();
    // A loop that stood still all the time has noted no delay yet, but this call is late itself.
    const noted = this.delays.count > 0 ? this.delays.mean / 1e6 - resolutionMs : 0;
    this.share.observe(Math.max(noted, this.delays.count > 0 ? 0 : now - this.dueAt));
    this.delays.reset();
    this.dueAt = now + windowMs;
  }
}

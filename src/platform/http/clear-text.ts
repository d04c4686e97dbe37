import { BlockList, isIP } from 'node:net';

import type { FastifyRequest } from 'fastify';

import { type Config, HttpsConfig, PerimeterConfig, ProcessConfig } from '../config/index.js';
import { AppError } from '../errors/app-error.js';
import { plainAddress } from './client-address.js';

/** For machines on the inside: probes and scrapers come past the proxy, or through it by http. */
const exempt = /^\/(health\/|metrics$)/;

/**
 * Requests that crossed the network in the clear, as a trusted proxy says (ASVS V12.2.1). Who
 * comes past the proxies, or by one that says nothing, is taken for a neighbour.
 */
export class ClearText {
  private readonly proxies = new BlockList();
  private readonly origin: string;
  private readonly enforced: boolean;

  constructor(config: Config) {
    const { publicUrl } = config.get(ProcessConfig);
    const { enforcement } = config.get(HttpsConfig);
    const { trustedProxies } = config.get(PerimeterConfig);
    this.origin = new URL(publicUrl).origin;
    const usual = config.production && publicUrl.startsWith('https://');
    const wanted = enforcement === 'auto' ? usual : enforcement === 'on';
    this.enforced = wanted && trustedProxies.length > 0;
    for (const entry of trustedProxies) this.trust(entry);
  }

  /**
   * Where a browser has to go instead; undefined when the request may be served.
   * @throws AppError `http.https_required` where there is nothing to be repeated: what calls the
   *   API has sent its credential already, and should learn of it (ASVS V4.1.2)
   */
  redirectOf(request: FastifyRequest): string | undefined {
    if (!this.enforced || !this.cameInTheClear(request)) return undefined;
    // The route, not the path: `/%61pi/…` finds its route as well.
    const route = request.routeOptions.url ?? request.url;
    if (exempt.test(route)) return undefined;
    if (route.startsWith('/api/') || !['GET', 'HEAD'].includes(request.method)) {
      throw new AppError('http.https_required', { headers: { connection: 'close' } });
    }
    // Behind a whole origin no path is read as another host, as `//evil.example` alone would be.
    return this.origin + request.url.replace(/[^\x21-\x7e]/g, encodeURIComponent);
  }

  private cameInTheClear({ headers, raw }: FastifyRequest): boolean {
    const said = headers['x-forwarded-proto'];
    if (said === undefined || !this.believes(plainAddress(raw.socket.remoteAddress))) return false;
    // A list is the work of several proxies; the last word is that of the one we know.
    return String(said).split(',').at(-1)!.trim().toLowerCase() !== 'https';
  }

  private believes(address: string | null): boolean {
    return address !== null && this.proxies.check(address, familyOf(address));
  }

  private trust(entry: string): void {
    const [address = '', prefix] = entry.split('/');
    if (prefix === undefined) this.proxies.addAddress(address, familyOf(address));
    else this.proxies.addSubnet(address, Number(prefix), familyOf(address));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

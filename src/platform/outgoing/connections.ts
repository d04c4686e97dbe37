import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent, type ClientRequest, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { rootCertificates } from 'node:tls';

import { mayReach, type Network } from './allowed-address.js';
import { OutgoingError } from './outgoing-error.js';

/** Finds the addresses of a name, as `dns.lookup` does. */
export type NameLookup = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** More connections than that to one host wait for each other. */
const maxSockets = 100;
/** Shorter than the idle time of usual servers (Node: 5 s), so that they rarely close first. */
const idleMs = 4_000;

/**
 * Connections to other services. The address is checked where the connection is made, so that a
 * name cannot change its mind between check and use (DNS rebinding); a connection that is kept
 * stays with the address it was made to.
 */
export class Connections {
  private readonly kept: { http: Agent; https: TlsAgent };
  private readonly fresh: { http: Agent; https: TlsAgent };

  /**
   * @param allowed networks beside the public ones
   * @param ca PEM of an authority to trust beside the usual ones
   */
  constructor(
    private readonly allowed: readonly Network[],
    ca?: string,
    private readonly find: NameLookup = lookup,
  ) {
    const common = { lookup: this.lookup, maxSockets, maxFreeSockets: 10 };
    const tls = {
      ...common,
      minVersion: 'TLSv1.2' as const,
      rejectUnauthorized: true, // also when NODE_TLS_REJECT_UNAUTHORIZED says otherwise (V12.3.2)
      ...(ca !== undefined && { ca: [...rootCertificates, ca] }),
    };
    const kept = { keepAlive: true, timeout: idleMs };
    this.kept = {
      http: new Agent({ ...common, ...kept }),
      https: new TlsAgent({ ...tls, ...kept }),
    };
    this.fresh = { http: new Agent(common), https: new TlsAgent(tls) };
  }

  /**
   * Begins a request. One that must not be sent twice gets a connection of its own: on a kept one
   * that the other side is closing, nobody can tell whether it arrived (RFC 9112 section 9.3.1).
   * @throws OutgoingError `refused`
   */
  begin(url: URL, options: RequestOptions, repeatable: boolean): ClientRequest {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // An address is never looked up, so the look-up cannot refuse it.
    if (isIP(host) !== 0 && !mayReach(host, this.allowed)) throw refusal(host);
    const agents = repeatable ? this.kept : this.fresh;
    return url.protocol === 'https:'
      ? httpsRequest(url, { ...options, agent: agents.https })
      : httpRequest(url, { ...options, agent: agents.http });
  }

  close(): void {
    for (const { http, https } of [this.kept, this.fresh]) {
      http.destroy();
      https.destroy();
    }
  }

  /** Looks a name up and gives only addresses that may be reached. */
  private readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.find(hostname, { ...options, all: true }, (error, found) => {
      const usable = found?.length > 0;
      const refused = found?.some(({ address }) => !mayReach(address, this.allowed));
      if (error || refused || !usable) {
        callback(error ?? refusal(hostname), [] as never);
      } else if (options.all) {
        callback(null, found);
      } else {
        callback(null, found[0]!.address, found[0]!.family);
      }
    });
  };
}

function refusal(host: string): OutgoingError {
  return new OutgoingError(
    'refused',
    `${host} is in a network that is not public: list it in OUTGOING_NETWORKS to allow it`,
  );
}

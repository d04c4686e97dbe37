import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

import { PerimeterConfig } from '../config/index.js';
import { Metrics } from '../telemetry/metrics.js';
import { networkOf } from './allowed-address.js';
import { capped, read } from './answer.js';
import { readAuthority } from './authority.js';
import { Connections } from './connections.js';
import { HostGuard } from './host-guard.js';
import { OutgoingError } from './outgoing-error.js';
import { send } from './send.js';
import { TimeLimit } from './time-limit.js';

export interface OutgoingRequest {
  /** GET when not given. */
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  /** A stream is sent once and never again; a function makes one for each try. */
  body?: string | Buffer | Readable | (() => Readable);
  /**
   * From the first look-up to the last byte of the answer, tries and waiting included.
   * Milliseconds.
   */
  timeoutMs: number;
  /** Longest answer that is read. */
  maxBytes: number;
  /**
   * Whether the request does the same when it arrives twice, so that it may be tried again; as
   * its method says when not given (RFC 9110 section 9.2.2).
   */
  repeatable?: boolean;
}

export interface OutgoingAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** An answer that is read as it comes. */
export interface OutgoingStream {
  status: number;
  headers: IncomingHttpHeaders;
  body: Readable;
}

const repeatableMethods = ['GET', 'HEAD', 'PUT', 'DELETE'];
/** Longest body of an error that is read when the answer is a stream. */
const longestExcuse = 65_536;
/** Metrics name so many hosts; those that come later share a label. */
const namedHosts = 50;

/**
 * Calls to other services. Never into private networks unless OUTGOING_NETWORKS allows it.
 * Redirects are not followed (ASVS V15.3.2), certificates are checked (V12.3.2), every call has an
 * end, and a host that fails does not take the others with it. Paths, queries and headers appear
 * in no message.
 */
@Injectable()
export class Outgoing implements OnApplicationShutdown {
  protected readonly connections: Connections;
  private readonly guards = new LRUCache<string, HostGuard>({ max: 1_000 });
  private readonly labels = new Set<string>();

  constructor(
    { outgoingNetworks, outgoingCaFile }: PerimeterConfig,
    private readonly metrics: Metrics,
  ) {
    this.connections = this.connect(outgoingNetworks, outgoingCaFile);
  }

  /** @throws OutgoingError */
  get(address: string, request: OutgoingRequest): Promise<OutgoingAnswer> {
    return this.request(address, request);
  }

  /** @throws OutgoingError; an answer of any status is none */
  request(address: string, request: OutgoingRequest): Promise<OutgoingAnswer> {
    return this.call(address, request, async (response, limit) => {
      const body = (await read(response, request.maxBytes)).toString('utf8');
      limit.end();
      return { status: response.statusCode!, headers: response.headers, body };
    });
  }

  /**
   * For answers that do not fit into memory: the body comes as it is read, and fails with an
   * {@link OutgoingError} when it is too long or too late. Read it or destroy it.
   * @throws OutgoingError
   */
  stream(address: string, request: OutgoingRequest): Promise<OutgoingStream> {
    return this.call(address, request, async (response, limit) => {
      const { statusCode: status = 0, headers } = response;
      if (status < 500) return { status, headers, body: capped(response, request.maxBytes, limit) };
      // Perhaps it is dropped and the request made again: nothing may be left open.
      const body = Readable.from([await read(response, longestExcuse)]);
      limit.end();
      return { status, headers, body };
    });
  }

  onApplicationShutdown(): void {
    this.connections.close();
  }

  protected connect(networks: readonly string[], caFile: string | undefined): Connections {
    return new Connections(networks.map(networkOf), caFile && readAuthority(caFile));
  }

  private async call<T extends OutgoingAnswer | OutgoingStream>(
    address: string,
    request: OutgoingRequest,
    take: (response: IncomingMessage, limit: TimeLimit) => Promise<T>,
  ): Promise<T> {
    const url = urlOf(address);
    const { method = 'GET', body, headers, timeoutMs } = request;
    const repeatable =
      !(body instanceof Readable) && (request.repeatable ?? repeatableMethods.includes(method));
    const limit = new TimeLimit(timeoutMs, url.host);
    const { signal } = limit;
    const attempt = async (): Promise<T> => {
      try {
        signal.throwIfAborted();
        const options = { method, headers: { ...headers }, signal };
        const sent = send(
          this.connections.begin(url, options, repeatable),
          typeof body === 'function' ? body() : body,
        );
        return await take(await sent, limit);
      } catch (error) {
        throw limit.late ?? failureOf(error, url);
      }
    };
    try {
      return await this.measured(url.host, () =>
        this.guardOf(url).run(attempt, repeatable, signal),
      );
    } catch (error) {
      limit.cancel();
      if (body instanceof Readable) body.destroy();
      throw error;
    }
  }

  private async measured<T extends { status: number }>(
    host: string,
    call: () => Promise<T>,
  ): Promise<T> {
    const end = this.metrics.histogram('outgoing_request_duration_seconds').startTimer();
    const label = this.labelOf(host);
    try {
      const answer = await call();
      end({ host: label, outcome: `${Math.floor(answer.status / 100)}xx` });
      return answer;
    } catch (error) {
      end({ host: label, outcome: error instanceof OutgoingError ? error.reason : 'network' });
      throw error;
    }
  }

  private guardOf(url: URL): HostGuard {
    const known = this.guards.get(url.origin);
    if (known) return known;
    const host = this.labelOf(url.host);
    const state = this.metrics.gauge('outgoing_breaker_state');
    const guard = new HostGuard(url.host, (now) => host !== 'other' && state.set({ host }, now));
    this.guards.set(url.origin, guard);
    return guard;
  }

  private labelOf(host: string): string {
    if (this.labels.size < namedHosts) this.labels.add(host);
    return this.labels.has(host) ? host : 'other';
  }
}

/** @throws OutgoingError `invalid`, without the address */
function urlOf(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new OutgoingError('invalid', 'An outgoing request needs an http or https address');
  }
  if (url.username || url.password) {
    throw new OutgoingError('invalid', `The address of ${url.host} must not hold credentials`);
  }
  return url;
}

function failureOf(error: unknown, url: URL): OutgoingError {
  if (error instanceof OutgoingError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = `The request to ${url.host} failed: ${code ?? message}`;
  return new OutgoingError('network', reason, { cause: error });
}

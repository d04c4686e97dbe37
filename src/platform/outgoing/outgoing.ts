import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

import { Injectable } from '@nestjs/common';

import { PerimeterConfig } from '../config/index.js';
import { mayReach, networkOf } from './allowed-address.js';

export interface OutgoingAnswer {
  status: number;
  body: string;
}

export interface OutgoingLimits {
  /** From the look-up of the name to the last byte of the answer. Milliseconds. */
  timeoutMs: number;
  /** Longest answer that is read. */
  maxBytes: number;
  headers?: Readonly<Record<string, string>>;
}

/** The request was not made, or its answer is not usable; the message says why. */
export class OutgoingError extends Error {}

/**
 * Calls to other services. Never into private networks unless OUTGOING_NETWORKS allows it: the
 * address is checked where the connection is made, so that a name cannot change its mind between
 * check and use (DNS rebinding). Redirects are not followed (ASVS V15.3.2), certificates are
 * checked (V12.3.2).
 */
@Injectable()
export class Outgoing {
  private readonly allowed: readonly ReturnType<typeof networkOf>[];

  constructor({ outgoingNetworks }: PerimeterConfig) {
    this.allowed = outgoingNetworks.map(networkOf);
  }

  /** @throws OutgoingError */
  async get(address: string, limits: OutgoingLimits): Promise<OutgoingAnswer> {
    const url = new URL(address);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    // An address is never looked up, so the look-up cannot refuse it.
    if (isIP(host) !== 0) this.demandAllowed(host);
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const signal = AbortSignal.timeout(limits.timeoutMs);
    const { headers = {} } = limits;
    try {
      const response = await responseOf(
        send(url, { headers, signal, lookup: this.lookup, agent: false }),
      );
      return { status: response.statusCode ?? 0, body: await read(response, limits.maxBytes) };
    } catch (error) {
      if (error instanceof OutgoingError) throw error;
      const reason = signal.aborted ? 'took too long' : (error as Error).message;
      throw new OutgoingError(`The request to ${url.host} failed: ${reason}`, { cause: error });
    }
  }

  /** Looks a name up and gives only addresses that may be reached. */
  private readonly lookup: LookupFunction = (
    hostname: string,
    options: LookupOptions,
    callback: (error: Error | null, address: never, family?: number) => void,
  ) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const refused = found?.find(({ address }) => !mayReach(address, this.allowed));
      if (error ?? refused) {
        callback(error ?? refusal(hostname), [] as never);
      } else if (options.all) {
        callback(null, found as never);
      } else {
        callback(null, found[0]!.address as never, found[0]!.family);
      }
    });
  };

  private demandAllowed(address: string): void {
    if (!mayReach(address, this.allowed)) throw refusal(address);
  }
}

function refusal(host: string): OutgoingError {
  return new OutgoingError(
    `${host} is in a network that is not public: list it in OUTGOING_NETWORKS to allow it`,
  );
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve).once('error', reject).end();
  });
}

async function read(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) {
      response.destroy();
      throw new OutgoingError('The answer is too long');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

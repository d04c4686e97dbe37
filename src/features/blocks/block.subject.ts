import { isIP } from 'node:net';

import { Injectable, type PipeTransform } from '@nestjs/common';
import { isUUID } from 'class-validator';
import ipaddr from 'ipaddr.js';

import { invalid } from '../../platform/errors/app-error.js';
import { networkOf } from '../../platform/throttling/client-network.js';
import type { KeptSubject } from '../../platform/throttling/blocks.js';

export type SubjectKey = Pick<KeptSubject, 'kind' | 'id'>;

/** As people write it: `203.0.113.7`, `2001:db8::/64` (RFC 5952), `user:<id>`, `api-key:<id>`. */
export function subjectText({ kind, id }: SubjectKey): string {
  if (kind !== 'network') return `${kind}:${id}`;
  const [address = '', bits] = id.split('/');
  if (bits === undefined) return id;
  return `${(ipaddr.parse(address) as ipaddr.IPv6).toRFC5952String()}/${bits}`;
}

/** The other way round, from any way of writing it; undefined when it is none. */
export function subjectOf(text: string): SubjectKey | undefined {
  const [, kind, id = ''] = /^(user|api-key):(.+)$/.exec(text) ?? [];
  if (kind) return isUUID(id) ? { kind: kind as 'user', id: id.toLowerCase() } : undefined;
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return undefined;
  if (bits !== undefined && bits !== (version === 4 ? '32' : '64')) return undefined;
  const plain = ipaddr.process(address); // IPv4 that is written as IPv6 is IPv4
  return { kind: 'network', id: networkOf(plain.toString()) };
}

/** `@Param('address', SubjectParam)` */
@Injectable()
export class SubjectParam implements PipeTransform<string, SubjectKey> {
  transform(value: string): SubjectKey {
    const subject = subjectOf(value);
    if (subject) return subject;
    throw invalid(
      '/path/address',
      'isSubject',
      'must be an address, a /64 of IPv6, user:<id> or api-key:<id>',
    );
  }
}

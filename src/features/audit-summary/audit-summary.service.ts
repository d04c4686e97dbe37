import { Injectable } from '@nestjs/common';

import type { AuditAction } from '../../catalogue/audit-events.js';
import { administratorRole } from '../../catalogue/permissions.js';
import { invalid } from '../../platform/errors/app-error.js';
import { AuditService } from '../audit/index.js';
import { firstIdOf } from '../audit-search/index.js';
import { UsersService } from '../users/index.js';
import { AuditSummaryRepository, type Span } from './audit-summary.repository.js';
import type { AnomalyView, SummaryView } from './audit-summary.view.js';
import { isUnusual, manyFailures, medianOf } from './summary.policy.js';

const dayMs = 24 * 60 * 60 * 1000;
const daysBefore = 14;

const failures: AuditAction[] = ['auth.sign_in_refused', 'mfa.code_refused'];
const refusals: AuditAction[] = ['access.denied', 'roles.grant_refused', 'api_keys.scope_refused'];
const roleChanges: AuditAction[] = [
  'users.roles_changed',
  'roles.created',
  'roles.updated',
  'roles.deleted',
];

/** What a day was like, and what is unusual about it. */
@Injectable()
export class AuditSummaryService {
  constructor(
    private readonly repository: AuditSummaryRepository,
    private readonly users: UsersService,
    private readonly audit: AuditService,
  ) {}

  async summarise(day = new Date().toISOString().slice(0, 10)): Promise<SummaryView> {
    const span = spanOf(day, 0);
    const counts = await this.repository.counts(
      ['auth.signed_in', ...failures, ...roleChanges],
      span,
    );
    const total = (actions: readonly string[]): number =>
      actions.reduce((sum, action) => sum + (counts.get(action) ?? 0), 0);
    const failedSignInsBefore = await this.failuresBefore(day);
    const anomalies = [
      ...failedSignIns(total(failures), failedSignInsBefore),
      ...(await this.anomalies(span)),
    ];
    const keys = await this.repository.keyUse(span);
    const view = 'summary';
    await this.audit.record('audit.searched', { view, filters: ['day'], results: 1 });
    return {
      day,
      signIns: total(['auth.signed_in']),
      failedSignIns: total(failures),
      failedSignInsBefore,
      newAddresses: await this.repository.newAddresses(span),
      roleChanges: total(roleChanges),
      keyUse: keys.map(({ name, events }) => ({ apiKeyId: name, events })),
      anomalies,
    };
  }

  private async failuresBefore(day: string): Promise<number[]> {
    const numbers: number[] = [];
    for (let ago = daysBefore; ago > 0; ago--) {
      const counts = await this.repository.counts(failures, spanOf(day, ago));
      numbers.push([...counts.values()].reduce((sum, events) => sum + events, 0));
    }
    return numbers;
  }

  private async anomalies(span: Span): Promise<AnomalyView[]> {
    const administrators = await this.users.administrators();
    const signIns = await this.repository.signInsFromNewAddresses(administrators, span);
    const grants = await this.repository.grantsOf(administratorRole, span);
    const callers = await this.repository.callersOf(refusals, span, manyFailures);
    const addresses = await this.repository.addressesOf(failures, span, manyFailures);
    return [
      ...signIns.map((signIn) =>
        anomaly(
          'administrator_from_new_address',
          'An administrator signed in from an address never seen before',
          signIn,
        ),
      ),
      ...grants.map((grant) =>
        anomaly('administrator_made', `Somebody became an administrator: ${grant.action}`, grant),
      ),
      ...callers.map(({ name, events }) =>
        anomaly('many_refusals', `${events} refusals of one caller`, { userId: name }),
      ),
      ...addresses.map(({ name, events }) =>
        anomaly('many_failures_from_address', `${events} failed sign-ins from one address`, {
          address: name,
        }),
      ),
    ];
  }
}

/** The day that lies so many days before this one. */
function spanOf(day: string, ago: number): Span {
  const start = Date.parse(day) - ago * dayMs;
  const exists =
    !Number.isNaN(start) && new Date(start + ago * dayMs).toISOString().startsWith(day);
  if (!exists) throw invalid('/query/day', 'isDay', 'must be a day like 2026-01-31');
  return { start: firstIdOf(new Date(start)), end: firstIdOf(new Date(start + dayMs)) };
}

function failedSignIns(today: number, before: readonly number[]): AnomalyView[] {
  if (!isUnusual(today, before)) return [];
  const usual = `the median of the ${before.length} days before is ${medianOf(before)}`;
  return [anomaly('failed_sign_ins', `${today} failed sign-ins; ${usual}`, {})];
}

function anomaly(
  kind: AnomalyView['kind'],
  text: string,
  about: { userId?: string | null; address?: string; eventId?: string },
): AnomalyView {
  const { userId = null, address = null, eventId = null } = about;
  return { kind, text, userId, address, eventId };
}

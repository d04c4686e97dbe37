import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';

import type { Changes } from '../../catalogue/audit-events.js';
import { limitPolicies, type LimitPolicyName } from '../../catalogue/limits.js';
import { Caches, type KeptCurrent } from '../../platform/cache/index.js';
import { Database } from '../../platform/database/index.js';
import { AppError, invalid } from '../../platform/errors/app-error.js';
import { LimitPolicies, type PolicyChanges } from '../../platform/throttling/limit-policies.js';
import { AuditService } from '../audit/index.js';
import type { UpdateLimitPolicy } from './limit-policies.dto.js';
import { LimitPoliciesRepository, type PolicyChange } from './limit-policies.repository.js';
import { changedBy, changeOf, isEmpty, isLimitPolicy, policyWith } from './limit-policy.policy.js';
import { LimitPolicyListView, LimitPolicyView, LimitRuleView } from './limit-policy.view.js';

const tag = 'limit-policies';

/** Rate limits as administrators change them; every instance takes them over within a second. */
@Injectable()
export class LimitPoliciesService implements OnApplicationBootstrap {
  private current?: KeptCurrent;

  constructor(
    private readonly inForce: LimitPolicies,
    private readonly repository: LimitPoliciesRepository,
    private readonly database: Database,
    private readonly caches: Caches,
    private readonly audit: AuditService,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.current = await this.caches.keepCurrent(tag, () => this.load());
  }

  async list(): Promise<LimitPolicyListView> {
    const changes = await this.repository.all();
    const names = Object.keys(limitPolicies) as LimitPolicyName[];
    const items = names.map((name) => LimitPolicyView.named(name, named(changes, name)));
    return Object.assign(new LimitPolicyListView(), { items });
  }

  /** @throws AppError `limits.not_found`, `limits.fixed`, `validation.failed` */
  async update(name: string, request: UpdateLimitPolicy): Promise<LimitPolicyView> {
    if (!isLimitPolicy(name)) throw new AppError('limits.not_found');
    const view = await this.database.transaction(async () => {
      await this.database.lock(tag);
      const before = named(await this.repository.all(), name);
      if (LimitPolicyView.named(name, before).changeable) await this.change(name, before, request);
      else throw new AppError('limits.fixed');
      return LimitPolicyView.named(name, named(await this.repository.all(), name));
    });
    await this.current?.refresh(); // who changed it finds it in force here
    return view;
  }

  private async change(
    name: LimitPolicyName,
    before: PolicyChange | undefined,
    request: UpdateLimitPolicy,
  ): Promise<void> {
    const change = changedBy(before, request);
    const policy = policyWith(name, change);
    if (request.burst && request.burst > policy.quota) {
      throw invalid('/burst', 'max', `burst must not be greater than the quota, ${policy.quota}`);
    }
    const changes = differences(
      LimitRuleView.of(policyWith(name, before)),
      LimitRuleView.of(policy),
    );
    if (isEmpty(change)) await this.repository.delete(name);
    else await this.repository.put({ name, ...change });
    await this.caches.invalidate(tag);
    if (Object.keys(changes).length === 0) return;
    await this.audit.record('limits.changed', { changes }, { target: { kind: 'limit', id: name } });
  }

  private async load(): Promise<void> {
    const stored = (await this.repository.all()).filter(({ name }) => isLimitPolicy(name));
    const changes = stored.map((change) => [change.name, changeOf(change)]);
    this.inForce.use(Object.fromEntries(changes) as PolicyChanges);
  }
}

function named(changes: readonly PolicyChange[], name: string): PolicyChange | undefined {
  return changes.find((change) => change.name === name);
}

function differences(before: LimitRuleView, after: LimitRuleView): Changes {
  const fields = ['quota', 'windowSeconds', 'algorithm', 'burst'] as const;
  const changed = fields.filter((field) => before[field] !== after[field]);
  return Object.fromEntries(
    changed.map((field) => [field, { before: before[field], after: after[field] }]),
  );
}

import { allPermissions } from '../../catalogue/permissions.js';
import { beyond, permissionsOf } from './role.policy.js';

describe('What roles hold', () => {
  it('[AC-01] the administrator holds every permission there is', () => {
    expect(permissionsOf({ name: 'admin', permissions: [] })).toEqual(allPermissions);
  });

  it('[AC-01] the auditor reads and changes nothing', () => {
    const held = permissionsOf({ name: 'auditor', permissions: [] });
    expect(held.length).toBeGreaterThan(0);
    expect(held.every((name) => name.endsWith('.read'))).toBe(true);
  });

  it('[AC-01] a permission that no longer exists counts for nothing', () => {
    const role = { name: 'support', permissions: ['users.read', 'gone.forever'] };
    expect(permissionsOf(role)).toEqual(['users.read']);
  });

  it('[AC-01][V15.3.6] a role named like a member of Object holds nothing by itself', () => {
    expect(permissionsOf({ name: 'constructor', permissions: ['toString'] })).toEqual([]);
  });

  it('[AC-01] names what the granter lacks', () => {
    expect(beyond(['users.read', 'roles.manage'], new Set(['users.read']))).toEqual([
      'roles.manage',
    ]);
  });
});

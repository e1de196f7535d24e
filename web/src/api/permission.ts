/** Roles and policies, as Backstage's RBAC plugin has them, and what Callboard adds. */

import { request } from './client';

export type PolicyAction = 'create' | 'read' | 'update' | 'delete' | 'use';
export type Effect = 'allow' | 'deny';
export type Source = 'rest' | 'csv-file' | 'configuration';

export interface Role {
  name: string;
  memberReferences: string[];
  metadata: {
    source: Source;
    description?: string;
    owner?: string;
    author?: string;
    modifiedBy?: string;
    createdAt?: string;
    lastModified?: string;
  };
}

export interface Policy {
  entityReference: string;
  permission: string;
  policy: PolicyAction;
  effect: Effect;
}

export type Criteria =
  | { rule: string; resourceType: string; params?: Record<string, unknown> }
  | { anyOf: Criteria[] }
  | { allOf: Criteria[] }
  | { not: Criteria };

export interface Condition {
  id: number;
  result: 'CONDITIONAL';
  roleEntityRef: string;
  pluginId: string;
  resourceType: string;
  permissionMapping: (PolicyAction | { name: string; action: PolicyAction })[];
  conditions: Criteria;
}

/** What a plugin has to allow. */
export interface PluginPermissions {
  pluginId: string;
  policies: { name: string; policy: PolicyAction; resourceType?: string }[];
}

export interface Rule {
  name: string;
  description?: string;
  resourceType: string;
  paramsSchema?: { properties?: Record<string, { type?: string; description?: string }> };
}

export interface PluginRules {
  pluginId: string;
  rules: Rule[];
}

export interface Explanation {
  decision: 'ALLOW' | 'DENY' | 'CONDITIONAL';
  reason: string;
  conditions?: Criteria;
  roles: { role: string; source: Source; via: string[] }[];
}

/** A role as it would be. */
export interface Draft {
  role: string;
  memberReferences?: string[];
  policies?: Omit<Policy, 'entityReference'>[];
}

export interface Explained {
  now: Explanation;
  then?: Explanation;
}

interface Outlook {
  decision: string;
  reason: string;
}

export interface DryRun {
  isRecording: boolean;
  nRecorded: number;
  nChanges: number;
  changes: {
    asked: { user: string; permission: string; nTimes: number };
    before: Outlook;
    after: Outlook;
  }[];
}

const BASE = '/api/permission';

function path(role: string): string {
  const [kind = '', rest = ''] = role.split(':');
  return [kind, ...rest.split('/')].map(encodeURIComponent).join('/');
}

export const permissions = {
  roles: () => request<Role[]>(`${BASE}/roles`),

  role: (name: string) => request<Role[]>(`${BASE}/roles/${path(name)}`).then(list => list[0]),

  createRole: (role: Omit<Role, 'metadata'> & { metadata: { description: string } }) =>
    request<void>(`${BASE}/roles`, { method: 'POST', body: role }),

  updateRole: (name: string, oldRole: object, newRole: object) =>
    request<void>(`${BASE}/roles/${path(name)}`, { method: 'PUT', body: { oldRole, newRole } }),

  deleteRole: (name: string) => request<void>(`${BASE}/roles/${path(name)}`, { method: 'DELETE' }),

  /** Of one role, or of all. */
  policies: (role?: string) =>
    request<Policy[]>(`${BASE}/policies${role ? `?entityRef=${encodeURIComponent(role)}` : ''}`),

  addPolicies: (policies: Policy[]) =>
    request<void>(`${BASE}/policies`, { method: 'POST', body: policies }),

  removePolicies: (role: string, policies: Policy[]) =>
    request<void>(`${BASE}/policies/${path(role)}`, { method: 'DELETE', body: policies }),

  conditions: (role?: string) =>
    request<Condition[]>(
      `${BASE}/roles/conditions${role ? `?roleEntityRef=${encodeURIComponent(role)}` : ''}`,
    ),

  addCondition: (condition: Omit<Condition, 'id'>) =>
    request<{ id: number }>(`${BASE}/roles/conditions`, { method: 'POST', body: condition }),

  updateCondition: ({ id, ...condition }: Condition) =>
    request<void>(`${BASE}/roles/conditions/${id}`, { method: 'PUT', body: condition }),

  removeCondition: (id: number) =>
    request<void>(`${BASE}/roles/conditions/${id}`, { method: 'DELETE' }),

  known: () => request<PluginPermissions[]>(`${BASE}/plugins/policies`),

  rules: () => request<PluginRules[]>(`${BASE}/plugins/condition-rules`),

  explain: (question: { user: string; permission: string; resourceRef?: string; draft?: Draft }) =>
    request<Explained>(`${BASE}/explain`, { method: 'POST', body: question }),

  dryRun: (draft: Draft) => request<DryRun>(`${BASE}/dry-run`, { method: 'POST', body: { draft } }),
};

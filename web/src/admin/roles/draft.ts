/** A role as a form has it, and the requests that make it so. */

import type { Condition, Draft, Effect, Policy, PolicyAction, Role } from '../../api/permission';
import { permissions } from '../../api/permission';

export interface DraftCondition extends Omit<Condition, 'id' | 'roleEntityRef' | 'result'> {
  /** Of the portal; a new one has none. */
  id?: number;
  /** Tells conditions of the form apart. */
  key: string;
}

export interface RoleDraft {
  name: string;
  description: string;
  members: string[];
  policies: Omit<Policy, 'entityReference'>[];
  conditions: DraftCondition[];
}

export const EMPTY: RoleDraft = {
  name: '',
  description: '',
  members: [],
  policies: [],
  conditions: [],
};

export interface Stored {
  role: Role;
  policies: Policy[];
  conditions: Condition[];
}

export function draftOf({ role, policies, conditions }: Stored): RoleDraft {
  return {
    name: role.name.replace(/^role:(default\/)?/, ''),
    description: role.metadata.description ?? '',
    members: role.memberReferences,
    policies: policies.map(({ permission, policy, effect }) => ({ permission, policy, effect })),
    conditions: conditions.map(({ roleEntityRef: _, result: __, ...rest }) => ({
      ...rest,
      key: String(rest.id),
    })),
  };
}

export function refOf({ name }: RoleDraft): string {
  return `role:${name.includes('/') ? name : `default/${name}`}`.toLowerCase();
}

export type Faults = Partial<Record<'name' | 'members', string>>;

export function faultsOf({ name, members }: RoleDraft): Faults {
  const faults: Faults = {};
  if (!/^([a-z0-9-]+\/)?[a-zA-Z0-9]+([._-][a-zA-Z0-9]+)*$/.test(name)) {
    faults.name = 'Letters and digits, with - _ or . between them: release-managers';
  }
  if (members.length === 0)
    faults.members = 'A role that nobody has is no role: add a user or group';
  return faults;
}

/** What a permission is set to. */
export function effectOf(draft: RoleDraft, permission: string, action: PolicyAction) {
  const isIt = (it: Omit<Policy, 'entityReference'>) =>
    it.permission === permission && it.policy === action;
  return draft.policies.find(isIt)?.effect;
}

export function withEffect(
  draft: RoleDraft,
  permission: string,
  policy: PolicyAction,
  effect: Effect | undefined,
): RoleDraft {
  const others = draft.policies.filter(it => it.permission !== permission || it.policy !== policy);
  return {
    ...draft,
    policies: effect ? [...others, { permission, policy, effect }] : others,
  };
}

/** As the portal takes it for a dry run, which knows no conditions. */
export function toWire(draft: RoleDraft): Draft {
  return {
    role: refOf(draft),
    memberReferences: draft.members,
    policies: draft.policies,
  };
}

const lineOf = ({ permission, policy, effect }: Omit<Policy, 'entityReference'>) =>
  `${permission} ${policy} ${effect}`;

/** What has to be removed and added. */
export function difference(draft: RoleDraft, stored: Stored | undefined) {
  const role = refOf(draft);
  const before = stored?.policies ?? [];
  const had = new Set(before.map(lineOf));
  const has = new Set(draft.policies.map(lineOf));
  const kept = new Set(draft.conditions.map(({ id }) => id));
  const known = new Map(stored?.conditions.map(it => [it.id, it]));
  const changed = draft.conditions.filter(
    it => it.id !== undefined && !isSame(it, known.get(it.id)),
  );
  return {
    removed: before.filter(policy => !has.has(lineOf(policy))),
    added: draft.policies
      .filter(policy => !had.has(lineOf(policy)))
      .map(policy => ({ entityReference: role, ...policy })),
    gone: [...known.keys()].filter(id => !kept.has(id)),
    changed,
    made: draft.conditions.filter(it => it.id === undefined),
  };
}

function isSame(draft: DraftCondition, stored: Condition | undefined): boolean {
  const parts = ({
    pluginId,
    resourceType,
    permissionMapping,
    conditions,
  }: Omit<DraftCondition, 'key'>) =>
    JSON.stringify([pluginId, resourceType, permissionMapping, conditions]);
  return stored !== undefined && parts(draft) === parts(stored);
}

function wireCondition(role: string, { key: _, id: __, ...rest }: DraftCondition) {
  return { result: 'CONDITIONAL' as const, roleEntityRef: role, ...rest };
}

/** Some of the requests that make a role were answered, and one was not. */
export class SaveError extends Error {
  override readonly name = 'SaveError';
  constructor(
    /** What the portal has now, in words. */
    readonly saved: string[],
    /** What it still lacks. */
    readonly left: string[],
    /** The form, in which what was made has the portal's number. */
    readonly draft: RoleDraft,
    override readonly cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause));
  }
}

interface Step {
  what: string;
  run: () => Promise<void>;
}

const counted = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/**
 * Makes the role what the form says. What loosens comes last, so that a failure allows less; it says
 * what was done before it, and saving again does the rest.
 */
export async function save(draft: RoleDraft, stored: Stored | undefined): Promise<void> {
  let now = draft;
  const isMade = (key: string, id: number) => {
    const conditions = now.conditions.map(it => (it.key === key ? { ...it, id } : it));
    now = { ...now, conditions };
  };
  const steps = stepsOf(draft, stored, isMade);
  for (const [at, { run }] of steps.entries()) {
    try {
      await run();
    } catch (cause) {
      const words = steps.map(({ what }) => what);
      throw new SaveError(words.slice(0, at), words.slice(at), now, cause);
    }
  }
}

function stepsOf(
  draft: RoleDraft,
  stored: Stored | undefined,
  isMade: (key: string, id: number) => void,
): Step[] {
  const name = refOf(draft);
  const role = {
    name,
    memberReferences: draft.members.map(member => member.toLowerCase()),
    metadata: { description: draft.description.trim() },
  };
  const { removed, added, gone, changed, made } = difference(draft, stored);
  const steps: Step[] = [];
  const step = (what: string, run: () => Promise<unknown>) =>
    steps.push({ what, run: () => run().then(() => undefined) });
  if (stored) {
    const { metadata: _, ...old } = stored.role;
    if (removed.length > 0) {
      step(`${counted(removed.length, 'permission')} taken away`, () =>
        permissions.removePolicies(stored.role.name, removed),
      );
    }
    for (const id of gone) step('a condition removed', () => permissions.removeCondition(id));
    step('members and description', () => permissions.updateRole(stored.role.name, old, role));
  } else step('the role with its members', () => permissions.createRole(role));
  for (const condition of changed) {
    const wire = { ...wireCondition(name, condition), id: condition.id ?? 0 };
    step('a condition changed', () => permissions.updateCondition(wire));
  }
  for (const condition of made) {
    step('a condition added', () =>
      permissions
        .addCondition(wireCondition(name, condition))
        .then(({ id }) => isMade(condition.key, id)),
    );
  }
  if (added.length > 0) {
    step(`${counted(added.length, 'permission')} given`, () => permissions.addPolicies(added));
  }
  return steps;
}

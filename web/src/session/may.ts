/**
 * What the user may do, asked in batches. A control that nobody may use is hidden; one that this
 * user may not use here says so. The portal decides again when it is used.
 */

import { queryOptions, useQueries, useQuery } from '@tanstack/react-query';
import { catalog } from '../api/catalog';
import { request } from '../api/client';
import { useUser } from './useSession';

export interface Permission {
  name: string;
  action?: 'create' | 'read' | 'update' | 'delete';
  resourceType?: string;
}

const basic = (name: string, action?: Permission['action']): Permission => ({ name, action });
const entity = (name: string, action: Permission['action']): Permission => ({
  name,
  action,
  resourceType: 'catalog-entity',
});

export const MAY = {
  readEntity: entity('catalog.entity.read', 'read'),
  register: basic('catalog.location.create', 'create'),
  unregister: basic('catalog.location.delete', 'delete'),
  refresh: entity('catalog.entity.refresh', 'update'),
  deleteEntity: entity('catalog.entity.delete', 'delete'),
  readIngestion: basic('catalog.ingestion.read', 'read'),
  manageIngestion: basic('catalog.ingestion.manage', 'update'),
  createRole: basic('policy.entity.create', 'create'),
  readRole: { name: 'policy.entity.read', action: 'read', resourceType: 'policy-entity' },
  updateRole: { name: 'policy.entity.update', action: 'update', resourceType: 'policy-entity' },
  deleteRole: { name: 'policy.entity.delete', action: 'delete', resourceType: 'policy-entity' },
  readAudit: basic('audit.record.read', 'read'),
  createTask: basic('scaffolder.task.create', 'create'),
  cancelTask: { name: 'scaffolder.task.cancel', resourceType: 'scaffolder-task' },
  manageTemplates: basic('scaffolder.template.management'),
  readConfig: basic('callboard.config.read', 'read'),
  readSignIns: basic('callboard.sign-in.read', 'read'),
} satisfies Record<string, Permission>;

/** What the portal decides; a condition needs something that it is asked about. */
type Result = 'ALLOW' | 'DENY' | 'CONDITIONAL';

interface Waiting {
  item: object;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

let waiting: Waiting[] = [];

/** Everything asked for in the same turn becomes one request. */
function ask(permission: Permission, resourceRef: string | undefined): Promise<Result> {
  const { name, action, resourceType } = permission;
  return new Promise((resolve, reject) => {
    if (waiting.length === 0) setTimeout(flush, 0);
    const attributes = action ? { action } : {};
    const wire = resourceType
      ? { type: 'resource', name, attributes, resourceType }
      : { type: 'basic', name, attributes };
    const item = { id: String(waiting.length), permission: wire, resourceRef };
    waiting.push({ item, resolve, reject });
  });
}

async function flush(): Promise<void> {
  const batch = waiting;
  waiting = [];
  try {
    const { items } = await request<{ items: { id: string; result: Result }[] }>(
      '/api/permission/authorize',
      { method: 'POST', body: { items: batch.map(({ item }) => item) } },
    );
    const results = new Map(items.map(({ id, result }) => [id, result]));
    batch.forEach(({ resolve }, at) => {
      resolve(results.get(String(at)) ?? 'DENY');
    });
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

const FRESH_MS = 60_000;

function mayQuery(permission: Permission, resourceRef?: string) {
  return queryOptions({
    queryKey: ['may', permission.name, resourceRef ?? ''],
    queryFn: () => ask(permission, resourceRef),
    staleTime: FRESH_MS,
  });
}

/**
 * Whether the user has a permission; `undefined` until that is known, and when it cannot be known:
 * then nothing is hidden, and the portal says no by itself.
 */
export function useMay(permission: Permission, resourceRef?: string): boolean | undefined {
  return answerOf(useQuery(mayQuery(permission, resourceRef)));
}

const answerOf = ({ data }: { data?: Result }) =>
  data === undefined ? undefined : data === 'ALLOW';

/** As [`useMay`] for each of several. */
export function useMayEach(
  asked: readonly { needs: Permission; resource?: string }[],
): (boolean | undefined)[] {
  const queries = asked.map(({ needs, resource }) => mayQuery(needs, resource));
  return useQueries({ queries }).map(answerOf);
}

/** Whether the user may see nothing of the catalog at all: what a list lacks is hidden from them. */
export function useSeesNothing(): boolean {
  // Without something that it is about, the portal answers such a question to programs only.
  const isDenied = useMay(MAY.readEntity, useUser().userEntityRef) === false;
  const { data } = useQuery({
    queryKey: ['any-entity'],
    queryFn: ({ signal }) => catalog.query({ limit: 1, fields: ['kind'] }, signal),
    enabled: isDenied,
  });
  // Who may see some things only may still not see themselves.
  return isDenied && data?.totalItems === 0;
}

/** Why a control does nothing, as its tooltip; nothing when it works. */
export function deniedTitle(may: boolean | undefined, permission: Permission): string | undefined {
  return may === false ? `You need the permission ${permission.name}` : undefined;
}

/** Stands for any role: whoever may see all may see this one. */
export const ANY_ROLE = 'role:default/any';

/** Whether the user may see any page for administrators. */
export function useMayAdminister(): boolean {
  const answers = [
    useMay(MAY.readIngestion),
    useMay(MAY.readRole, ANY_ROLE),
    useMay(MAY.readAudit),
    useMay(MAY.readConfig),
  ];
  return answers.some(may => may !== false);
}

/** What the portal tells those who run it. */

import { answerOf, request } from './client';

export type Outcome = 'succeeded' | 'denied' | 'failed';

export interface AuditRecord {
  seq: number;
  at: number;
  via: string;
  action: string;
  actor: string;
  onBehalfOf: string | null;
  client: string | null;
  address: string | null;
  subject: string;
  before: string | null;
  after: string | null;
  outcome: Outcome;
  detail: string | null;
  requestId: string | null;
  hash: string;
}

export interface AuditPage {
  items: AuditRecord[];
  nextCursor?: string;
}

export interface Verification {
  nRecords: number;
  last: number;
  hash: string;
  nFaults: number;
  faults: { fault: string; seq?: number; from?: number; to?: number }[];
}

export interface Provider {
  name: string;
  entities: number;
  every: number | null;
  timeout: number | null;
  canRun: boolean;
}

export interface FailedSignIn {
  /** What the person was told to give to an operator. */
  id: string;
  at: number;
  provider: string;
  environment: string | null;
  claims: string[];
  steps: { resolver: string | null; lookedFor: string | null; outcome: string }[];
  fix: string;
}

export interface ConfigView {
  yaml: string;
  files: string[];
}

const AUDIT = '/api/audit';
const PROVIDERS = '/api/catalog/ingestion/providers';

export const admin = {
  audit: (filter: Record<string, string>, signal?: AbortSignal) =>
    request<AuditPage>(`${AUDIT}/records?${new URLSearchParams(filter)}`, { signal }),

  /** The record with a number: the first before the next one. */
  auditRecord: (seq: number) =>
    request<AuditPage>(`${AUDIT}/records?limit=1&cursor=${seq + 1}`).then(({ items }) =>
      items[0]?.seq === seq ? items[0] : null,
    ),

  exportAudit: (filter: Record<string, string>) =>
    answerOf(`${AUDIT}/export?${new URLSearchParams(filter)}`).then(answer => answer.blob()),

  verify: () => request<Verification>(`${AUDIT}/verification`),

  providers: () => request<{ items: Provider[] }>(PROVIDERS).then(answer => answer.items),

  runProvider: (name: string) =>
    request<void>(`${PROVIDERS}/${encodeURIComponent(name)}/refresh`, { method: 'POST' }),

  failedSignIns: () =>
    request<{ items: FailedSignIn[] }>('/api/callboard/failed-sign-ins').then(it => it.items),

  config: () => request<ConfigView>('/api/callboard/config'),

  metrics: (signal?: AbortSignal) =>
    answerOf('/metrics', { signal, open: true }).then(answer => answer.text()),
};

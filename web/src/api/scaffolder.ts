/** Golden paths: forms, tasks, actions. */

import { answerOf, request } from './client';
import type { EntityMeta } from './entity';

export type TaskStatus = 'open' | 'processing' | 'completed' | 'failed' | 'cancelled' | 'skipped';

export type JsonSchema = { [key: string]: unknown };

export interface TemplateForm {
  title: string;
  description?: string;
  presentation?: {
    buttonLabels?: {
      backButtonText?: string;
      createButtonText?: string;
      reviewButtonText?: string;
    };
  };
  steps: { title: string; description?: string; schema: JsonSchema }[];
}

export interface TaskStep {
  id: string;
  name: string;
  action: string;
  /** As the template has them, not rendered. */
  input?: unknown;
  if?: unknown;
  each?: unknown;
}

export interface Task {
  id: string;
  status: TaskStatus;
  createdAt: string;
  lastHeartbeatAt?: string;
  createdBy?: string;
  /** Whose approval it waits for. */
  waitsForApproval?: 'own' | 'others';
  spec: {
    steps: TaskStep[];
    parameters: Record<string, unknown>;
    user?: { ref?: string };
    templateInfo?: { entityRef: string; entity?: { metadata: EntityMeta } };
  };
}

export interface TaskOutput {
  links?: { title?: string; icon?: string; url?: string; entityRef?: string }[];
  text?: { title?: string; icon?: string; content?: string }[];
  [key: string]: unknown;
}

export interface TaskEvent {
  id: number;
  taskId: string;
  type: 'log' | 'completion' | 'cancelled' | 'recovered';
  createdAt: string;
  body: {
    message?: string;
    stepId?: string;
    status?: TaskStatus;
    output?: TaskOutput;
    error?: { name?: string; message?: string };
    recoverStrategy?: string;
  };
}

export interface TaskList {
  tasks: Task[];
  totalTasks: number;
}

export interface Action {
  id: string;
  description?: string;
  examples?: { description: string; example: string; notes?: string }[];
  schema?: { input?: JsonSchema; output?: JsonSchema };
}

/** A fault of a template, with its place in the text. */
export interface LintProblem {
  severity: 'error' | 'warning';
  message: string;
  position?: { line: number; column: number };
  /** What may help. */
  hint?: string;
}

export interface DryRunResult {
  log: { body: { message: string; stepId?: string; status?: TaskStatus } }[];
  output: TaskOutput;
  steps: TaskStep[];
  directoryContents: { path: string; executable?: boolean; base64Content: string }[];
}

export interface PlannedFile {
  path: string;
  change: 'added' | 'changed' | 'removed' | 'none' | 'unknown';
  /** As `diff -u` writes it. */
  diff?: string;
}

/** What a step would do outside of its folder. */
export interface PlanStep {
  stepId: string;
  name: string;
  action: string;
  each?: string;
  calls?: { method: string; url: string; body?: unknown }[];
  catalog?: { change: string; target: string; entities: string[] }[];
  files?: PlannedFile[];
  /** What it gets, where nobody knows what it does with it. */
  input?: unknown;
  /** Why it cannot run. */
  note?: string;
}

export interface Planned extends DryRunResult {
  plan: PlanStep[];
}

export interface UndoneStep {
  stepId: string;
  action: string;
  by?: string;
  reason?: string;
}

export interface TaskDraft {
  templateRef: string;
  values: Record<string, unknown>;
  secrets: Record<string, string>;
  waitForApproval?: boolean;
}

const BASE = '/api/scaffolder/v2';
const task = (id: string) => `${BASE}/tasks/${encodeURIComponent(id)}`;

export const scaffolder = {
  form: ({ namespace, name }: { namespace: string; name: string }) =>
    request<TemplateForm>(
      `${BASE}/templates/${encodeURIComponent(namespace)}/template/${encodeURIComponent(name)}/parameter-schema`,
    ),

  start: (body: TaskDraft) => request<{ id: string }>(`${BASE}/tasks`, { method: 'POST', body }),

  /** What a task would do. */
  plan: (body: TaskDraft) => request<Planned>(`${BASE}/plan`, { method: 'POST', body }),

  planOf: (id: string) => request<Planned>(`${task(id)}/plan`),

  approve: (id: string) => request<unknown>(`${task(id)}/approve`, { method: 'POST', body: {} }),

  undo: (id: string) =>
    request<{ undone: UndoneStep[]; kept: UndoneStep[] }>(`${task(id)}/undo`, {
      method: 'POST',
      body: {},
    }),

  task: (id: string) => request<Task>(task(id)),

  tasks: (query: string[][], signal?: AbortSignal) =>
    request<TaskList>(`${BASE}/tasks?${new URLSearchParams(query)}`, { signal }),

  cancel: (id: string) => request<unknown>(`${task(id)}/cancel`, { method: 'POST', body: {} }),

  retry: (id: string, secrets: Record<string, string>) =>
    request<{ id: string }>(`${task(id)}/retry`, { method: 'POST', body: { secrets } }),

  actions: () => request<Action[]>(`${BASE}/actions`),

  lint: (text: string, signal: AbortSignal) =>
    request<{ problems: LintProblem[] }>(`${BASE}/lint`, {
      method: 'POST',
      body: { text },
      signal,
    }),

  /** The stream of a task's events after one of them. */
  stream: (id: string, after: number | undefined, signal: AbortSignal) =>
    answerOf(`${task(id)}/eventstream${after === undefined ? '' : `?after=${after}`}`, { signal }),

  /** The events of a task after one of them; of one that is over, how it ended comes again. */
  events: (id: string, after: number, signal: AbortSignal) =>
    request<TaskEvent[]>(`${task(id)}/events?after=${after}`, { signal }),

  complete: (provider: string, resource: string, token: string, context: object) =>
    request<{ results: { id: string; title?: string }[] }>(
      `${BASE}/autocomplete/${encodeURIComponent(provider)}/${encodeURIComponent(resource)}`,
      { method: 'POST', body: { token, context } },
    ),
};

/** What a task has done, from its events alone: steps, log, outputs. */

import type { Task, TaskEvent, TaskOutput, TaskStatus } from '../../api/scaffolder';
import { plainText } from './ansi';

export interface StepRun {
  id: string;
  name: string;
  action: string;
  /** `open` until it begins. */
  status: TaskStatus;
  startedAt?: number;
  endedAt?: number;
}

export interface LogLine {
  /** Tells lines apart, also in addresses. */
  key: string;
  at: number;
  stepId?: string;
  text: string;
}

export interface Run {
  steps: StepRun[];
  lines: LogLine[];
  isCancelling: boolean;
  /** Somebody let it go on. */
  isApproved: boolean;
  isOver: boolean;
  output?: TaskOutput;
  error?: { name?: string; message?: string };
}

/** How the line begins that tells of an approval. */
const APPROVED = 'Approved by ';
const ENDED: TaskStatus[] = ['completed', 'failed', 'cancelled', 'skipped'];

export function begin(task: Task): Run {
  return {
    steps: task.spec.steps.map(({ id, name, action }) => ({ id, name, action, status: 'open' })),
    lines: [],
    isCancelling: false,
    isApproved: false,
    isOver: false,
  };
}

/** The run after more events; a recovery begins everything that is not done anew. */
export function advance(run: Run, events: readonly TaskEvent[]): Run {
  const lines = [...run.lines];
  let next: Run = { ...run, lines };
  for (const event of events) next = step(next, event);
  return next;
}

/** Adds to the lines of `run`, which are this batch's own. */
function step(run: Run, event: TaskEvent): Run {
  const { body, type, createdAt } = event;
  const at = Date.parse(createdAt);
  run.lines.push(...linesOf(event, at));
  switch (type) {
    case 'recovered':
      return recovered(run, body.recoverStrategy);
    case 'cancelled':
      return { ...run, isCancelling: true };
    case 'completion':
      return { ...run, isOver: true, output: body.output, error: body.error };
    default: {
      const tellsApproval = !body.stepId && Boolean(body.message?.startsWith(APPROVED));
      const isApproved = run.isApproved || tellsApproval;
      return { ...run, isApproved, steps: stepsAfter(run.steps, event, at) };
    }
  }
}

function recovered(run: Run, strategy: string | undefined): Run {
  const isAnew = strategy === 'startOver';
  const steps = run.steps.map(one =>
    isAnew || one.status !== 'completed'
      ? { ...one, status: 'open' as const, startedAt: undefined, endedAt: undefined }
      : one,
  );
  const lines = isAnew ? [] : run.lines;
  return { steps, lines, isCancelling: false, isApproved: run.isApproved, isOver: false };
}

function stepsAfter(steps: StepRun[], { body }: TaskEvent, at: number): StepRun[] {
  const { stepId, status } = body;
  if (!stepId || !status) return steps;
  return steps.map(one => {
    if (one.id !== stepId) return one;
    return {
      ...one,
      status,
      startedAt: one.startedAt ?? (status === 'processing' ? at : undefined),
      endedAt: ENDED.includes(status) ? at : undefined,
    };
  });
}

function linesOf({ id, body }: TaskEvent, at: number): LogLine[] {
  if (!body.message) return [];
  const texts = body.message.replace(/\n$/, '').split('\n');
  return texts.map((text, line) => ({
    key: line === 0 ? String(id) : `${id}.${line}`,
    at,
    stepId: body.stepId,
    text,
  }));
}

/** The log as a file. */
export function toFile(lines: readonly LogLine[]): string {
  return lines
    .map(({ at, stepId, text }) =>
      [new Date(at).toISOString(), stepId && `[${stepId}]`, plainText(text)]
        .filter(Boolean)
        .join(' '),
    )
    .join('\n');
}

/** Whether a task goes on, by what the portal has said of it last. */
export const isRunning = ({ status }: Task): boolean => !ENDED.includes(status);

/** Whether a task waits for approval. */
export const isWaiting = (task: Task, run: Run): boolean =>
  task.waitsForApproval !== undefined && !run.isApproved && !run.isCancelling && !run.isOver;

/** What the whole task is in, as far as its events tell. */
export function statusOf(task: Task, run: Run): TaskStatus {
  if (isWaiting(task, run)) return 'open';
  if (!run.isOver)
    return task.status === 'open' && run.lines.length > 0 ? 'processing' : task.status;
  if (run.error) return run.isCancelling ? 'cancelled' : 'failed';
  return 'completed';
}

import { expect, test } from 'vitest';
import type { Task, TaskEvent } from '../../api/scaffolder';
import { plainText, readAnsi } from './ansi';
import { advance, begin, isWaiting, statusOf, toFile } from './run';

const task: Task = {
  id: 't',
  status: 'processing',
  createdAt: '2026-11-21T10:00:00.000Z',
  spec: {
    steps: [
      { id: 'fetch', name: 'Fetch', action: 'fetch:template' },
      { id: 'publish', name: 'Publish', action: 'publish:github' },
    ],
    parameters: {},
  },
};

let id = 0;
const event = (type: TaskEvent['type'], body: TaskEvent['body'], second = 0): TaskEvent => ({
  id: ++id,
  taskId: 't',
  type,
  createdAt: `2026-11-21T10:00:${String(second).padStart(2, '0')}.000Z`,
  body,
});
const log = (stepId: string, status: 'processing' | 'completed' | 'failed' | 'skipped', at = 0) =>
  event('log', { message: `${stepId} ${status}`, stepId, status }, at);

test('steps go through their states, with times', () => {
  const run = advance(begin(task), [
    event('log', { message: 'Starting up task with 2 steps' }),
    log('fetch', 'processing', 1),
    event('log', { message: 'two\nlines\n', stepId: 'fetch' }, 2),
    log('fetch', 'completed', 3),
    log('publish', 'processing', 4),
  ]);
  expect(run.steps.map(({ status }) => status)).toEqual(['completed', 'processing']);
  expect((run.steps[0]?.endedAt ?? 0) - (run.steps[0]?.startedAt ?? 0)).toBe(2000);
  expect(run.lines.map(({ text }) => text).slice(1, 4)).toEqual([
    'fetch processing',
    'two',
    'lines',
  ]);
  expect(new Set(run.lines.map(({ key }) => key)).size).toBe(run.lines.length);
  expect(statusOf(task, run)).toBe('processing');
});

test('a run waits until somebody approves of it', () => {
  const waiting: Task = { ...task, status: 'open', waitsForApproval: 'own' };
  const begun = advance(begin(waiting), [event('log', { message: 'Waiting for approval' })]);
  expect([isWaiting(waiting, begun), statusOf(waiting, begun)]).toEqual([true, 'open']);
  const approved = advance(begun, [
    event('log', { message: 'Approved by user:default/ada' }),
    log('fetch', 'processing', 1),
  ]);
  expect(isWaiting(waiting, approved)).toBe(false);
  expect(statusOf(waiting, approved)).toBe('processing');
  const cancelled = advance(begun, [event('cancelled', { message: 'stop' })]);
  expect(isWaiting(waiting, cancelled)).toBe(false);
});

test('a run ends with outputs, an error, or because somebody wanted it', () => {
  const links = [{ title: 'Repository', url: 'https://a.b' }];
  const fine = advance(begin(task), [event('completion', { output: { links } })]);
  expect(fine.output?.links).toEqual(links);
  expect(statusOf(task, fine)).toBe('completed');
  const failed = advance(begin(task), [event('completion', { error: { message: 'no' } })]);
  expect(statusOf(task, failed)).toBe('failed');
  const cancelled = advance(begin(task), [
    event('cancelled', { message: 'stop' }),
    event('completion', { error: { message: 'stop' } }),
  ]);
  expect(statusOf(task, cancelled)).toBe('cancelled');
});

test('a recovery keeps what is done, or begins everything anew', () => {
  const before = advance(begin(task), [
    log('fetch', 'completed'),
    log('publish', 'failed'),
    event('completion', { error: { message: 'no' } }),
  ]);
  const kept = advance(before, [event('recovered', { recoverStrategy: 'none' })]);
  expect(kept.steps.map(({ status }) => status)).toEqual(['completed', 'open']);
  expect([kept.isOver, kept.error]).toEqual([false, undefined]);
  const anew = advance(before, [event('recovered', { recoverStrategy: 'startOver' })]);
  expect(anew.steps.map(({ status }) => status)).toEqual(['open', 'open']);
  expect([before.lines.length, kept.lines.length, anew.lines.length]).toEqual([2, 2, 0]);
});

test('colours of terminals are read, and are not in files', () => {
  const text = '\u001b[32minfo\u001b[39m: \u001b[1;31mbad\u001b[0m \u001b[2Kend';
  expect(readAnsi(text)).toEqual([
    { text: 'info', colour: 'var(--ok)' },
    { text: ': ', colour: undefined },
    { text: 'bad', colour: 'var(--error)', isBold: true },
    { text: ' ' },
    { text: 'end' },
  ]);
  expect(plainText(text)).toBe('info: bad end');
  const run = advance(begin(task), [event('log', { message: text, stepId: 'fetch' }, 5)]);
  expect(toFile(run.lines)).toBe('2026-11-21T10:00:05.000Z [fetch] info: bad end');
});

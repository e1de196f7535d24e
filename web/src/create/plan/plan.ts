/** What a plan says, in words. */

import type { Planned, PlannedFile, PlanStep } from '../../api/scaffolder';

/** What a plan comes to, in one line. */
export function summaryOf({ plan, directoryContents }: Planned): string {
  const isWrite = ({ method }: { method: string }) => method !== 'GET' && method !== 'HEAD';
  const sum = (of: (step: PlanStep) => number) => plan.reduce((n, step) => n + of(step), 0);
  const parts = [
    counted(directoryContents.length, 'file'),
    counted(
      sum(({ calls = [] }) => calls.filter(isWrite).length),
      'change at other services',
      'changes at other services',
    ),
    counted(
      sum(({ catalog = [] }) => catalog.length),
      'change of the catalog',
      'changes of the catalog',
    ),
  ];
  return parts.join(', ');
}

function counted(n: number, one: string, many = `${one}s`): string {
  return `${n === 0 ? 'no' : n} ${n === 1 ? one : many}`;
}

const MARKS: Record<PlannedFile['change'], string> = {
  added: '+',
  changed: '~',
  removed: '−',
  none: '=',
  unknown: '?',
};

const WORDS: Record<PlannedFile['change'], string> = {
  added: 'new',
  changed: 'changed',
  removed: 'removed',
  none: 'as it is',
  unknown: 'the host does not tell whether it is there',
};

export const markOf = ({ change }: PlannedFile): string => MARKS[change];
export const wordOf = ({ change }: PlannedFile): string => WORDS[change];

/** The lines of a unified difference, each with what it means. */
export function linesOf(diff: string): { sort: 'added' | 'removed' | 'same'; text: string }[] {
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .filter(line => !line.startsWith('+++ ') && !line.startsWith('--- '))
    .map(text => ({
      sort: text.startsWith('+') ? 'added' : text.startsWith('-') ? 'removed' : 'same',
      text,
    }));
}

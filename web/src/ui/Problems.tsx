/** What is wrong with an entity: each fault with its place and the way out. */

import type { Problem } from '../api/catalog';
import { Notice } from './Small';

export function Problems({ problems, location }: { problems: Problem[]; location?: string }) {
  return problems.map((problem, at) => (
    <Notice key={`${at} ${problem.code}`} tone={problem.severity === 'warning' ? 'warn' : 'error'}>
      <div className="prewrap">{problem.message}</div>
      {problem.hint && <div>{problem.hint}</div>}
      <code className="muted">{placeOf(problem, location)}</code>
    </Notice>
  ));
}

export function placeOf(problem: Problem, location: string | undefined): string {
  const file = problem.file ?? location ?? '';
  const { line, column } = problem.position ?? {};
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return problem.path ? `${place} ${problem.path}` : place;
}

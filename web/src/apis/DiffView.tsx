/** What differs between two definitions: what it means for callers, and line by line. */

import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { parseRef, specText } from '../api/entity';
import { entityQuery } from '../api/queries';
import { Card } from '../ui/Page';
import { Badge, formatCount, Notice, SkeletonRows, type Tone } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { type Change, changesBetween, MAX_CHANGES, type Weight } from './changes';
import { type DiffLine, diffLines, hunksOf } from './diff';
import { useDefinition } from './useDefinition';
import './apis.css';
import './diff.css';

interface DiffViewProps {
  type: string;
  /** The definition that is looked at. */
  text: string;
  /** The API it is compared with. */
  other: string;
}

export function DiffView({ type, text, other }: DiffViewProps) {
  const { data, error, isPending, refetch } = useQuery(entityQuery(parseRef(other, 'api')));
  if (isPending) return <SkeletonRows n={6} />;
  if (error) return <ErrorState error={error} onRetry={() => refetch()} />;
  const before = specText(data, 'definition');
  if (before === undefined) return <Empty title={`${other} has no definition`} />;
  return <TextDiff type={type} before={before} after={text} />;
}

interface TextDiffProps {
  type: string;
  before: string;
  after: string;
}

export function TextDiff({ type, before, after }: TextDiffProps) {
  if (before === after) return <Empty title="The two definitions are the same" />;
  return (
    <>
      <Changes type={type} before={before} after={after} />
      <Lines before={before} after={after} />
    </>
  );
}

const WEIGHTS: Record<Weight, { tone: Tone; text: string }> = {
  breaking: { tone: 'error', text: 'breaking' },
  risky: { tone: 'warn', text: 'risky' },
  safe: { tone: 'ok', text: 'safe' },
};
const PAGE = 100;

function Changes({ type, before, after }: TextDiffProps) {
  const [a, b] = [useDefinition(type, before), useDefinition(type, after)];
  const [n, setN] = useState(PAGE);
  const changes = useMemo(
    () => (a.data && b.data ? changesBetween(a.data, b.data) : undefined),
    [a.data, b.data],
  );
  const error = a.error ?? b.error;
  if (error) return <ErrorState error={error} />;
  if (a.isPending || b.isPending) return <SkeletonRows n={4} />;
  if (!changes) return null;
  const problem = a.data?.problems[0] ?? b.data?.problems[0];
  const isMany = changes.length >= MAX_CHANGES;
  return (
    <Card title="What it means for callers" count={changes.length} flush>
      {problem && (
        <div className="card-body">
          <Notice tone="warn">
            {a.data?.problems.length ? 'The other definition' : 'This definition'} was not read to
            its end{problem.line && `, which is line ${problem.line}`}: {problem.message}
          </Notice>
        </div>
      )}
      {changes.length === 0 && !problem && (
        <Empty title="Nothing that callers notice">Only words and order changed.</Empty>
      )}
      <ul className="rows changes">
        {changes.slice(0, n).map(it => (
          <ChangeRow key={`${it.where} ${it.text}`} change={it} />
        ))}
      </ul>
      {changes.length > n && (
        <div className="card-body">
          <button type="button" className="btn" onClick={() => setN(MAX_CHANGES)}>
            Show {isMany ? 'the first ' : 'all '}
            {formatCount(changes.length)}
          </button>
        </div>
      )}
    </Card>
  );
}

function ChangeRow({ change }: { change: Change }) {
  const { tone, text } = WEIGHTS[change.weight];
  return (
    <li>
      <Badge tone={tone}>{text}</Badge>
      <code>{change.where}</code>
      <span className="changes-text">{change.text}</span>
    </li>
  );
}

function Lines({ before, after }: { before: string; after: string }) {
  const lines = useMemo(() => diffLines(before, after), [before, after]);
  const hunks = useMemo(() => hunksOf(lines), [lines]);
  const count = (sort: DiffLine['sort']) => lines.filter(line => line.sort === sort).length;
  return (
    <Card
      title={`${formatCount(count('added'))} lines added, ${formatCount(count('removed'))} removed`}
      flush
    >
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <section className="diff" aria-label="Differences" tabIndex={0}>
        {hunks.map(({ lines: shown, skipped }) => {
          const [first] = shown;
          return (
            <div key={`${first?.before} ${first?.after}`}>
              {skipped > 0 && (
                <div className="diff-gap">{formatCount(skipped)} lines are the same</div>
              )}
              {shown.map(line => (
                <Line key={`${line.before} ${line.after}`} line={line} />
              ))}
            </div>
          );
        })}
      </section>
    </Card>
  );
}

const MARKS = { same: ' ', added: '+', removed: '−' };

function Line({ line }: { line: DiffLine }) {
  return (
    <div className="diff-line" data-sort={line.sort}>
      <span className="diff-number">{line.before}</span>
      <span className="diff-number">{line.after}</span>
      <span className="diff-mark">{MARKS[line.sort]}</span>
      <span>{line.text}</span>
    </div>
  );
}

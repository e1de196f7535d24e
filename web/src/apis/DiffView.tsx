/** What differs between the definitions of two APIs. */

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { parseRef, specText } from '../api/entity';
import { entityQuery } from '../api/queries';
import { Card } from '../ui/Page';
import { formatCount, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { type DiffLine, diffLines, hunksOf } from './diff';
import './diff.css';

interface DiffViewProps {
  /** The definition that is looked at. */
  text: string;
  /** The API it is compared with. */
  other: string;
}

export function DiffView({ text, other }: DiffViewProps) {
  const { data, error, isPending, refetch } = useQuery(entityQuery(parseRef(other, 'api')));
  const before = data && specText(data, 'definition');
  const lines = useMemo(
    () => (before === undefined ? [] : diffLines(before, text)),
    [before, text],
  );
  const hunks = useMemo(() => hunksOf(lines), [lines]);
  const count = (sort: DiffLine['sort']) => lines.filter(line => line.sort === sort).length;
  if (isPending) return <SkeletonRows n={6} />;
  if (error) return <ErrorState error={error} onRetry={() => refetch()} />;
  if (before === undefined) return <Empty title={`${other} has no definition`} />;
  if (hunks.length === 0) return <Empty title="The two definitions are the same" />;
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

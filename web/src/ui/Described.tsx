/** A description as it is meant: the reader of Markdown is loaded for those that need it. */

import { lazy, Suspense } from 'react';
import { hasMarks } from './plain';

const Markdown = lazy(() => import('./Markdown').then(it => ({ default: it.Markdown })));

export function Described({ text, className }: { text: string; className: string }) {
  const asWritten = <p className={className}>{text}</p>;
  if (!hasMarks(text)) return asWritten;
  return (
    <Suspense fallback={asWritten}>
      <Markdown text={text} className={className} />
    </Suspense>
  );
}

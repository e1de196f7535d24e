/** The text of a template, what is wrong with it, and what can be done with it. */

import { Download } from 'lucide-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { download } from '../catalog/export';
import { IconButton } from '../ui/Button';
import { Badge, CopyButton, SkeletonRows } from '../ui/Small';
import type { Problem } from './template';

const CodeEditor = lazy(() => import('./CodeEditor'));

interface WritingProps {
  text: string;
  onText: (text: string) => void;
  label: string;
  fileName: string;
  problems: Problem[];
}

export function Writing({ text, onText, label, fileName, problems }: WritingProps) {
  const [goTo, setGoTo] = useState<{ line: number }>();
  const marks = useMemo(
    () => problems.flatMap(it => (it.line === undefined ? [] : [{ ...it, line: it.line }])),
    [problems],
  );
  const nErrors = problems.filter(({ severity }) => severity === 'error').length;
  return (
    <section className="card code" aria-label={label}>
      <div className="code-bar">
        <div className="grow" role="status">
          {problems.length === 0 ? (
            <Badge tone="ok">no problems</Badge>
          ) : (
            <Badge tone={nErrors > 0 ? 'error' : 'warn'}>
              {problems.length === 1 ? '1 problem' : `${problems.length} problems`}
            </Badge>
          )}
        </div>
        <CopyButton text={text} label="Copy everything" />
        <IconButton
          label="Download"
          size="small"
          onClick={() => download(fileName, 'text/plain', text)}
        >
          <Download />
        </IconButton>
      </div>
      <Suspense fallback={<SkeletonRows n={12} />}>
        <CodeEditor value={text} onChange={onText} label={label} marks={marks} goTo={goTo} />
      </Suspense>
      {problems.length > 0 && (
        <ul className="editor-problems" aria-label="Problems">
          {problems.map(({ severity, message, line, hint }) => (
            <li key={`${line} ${message}`}>
              <Badge tone={severity}>{severity === 'error' ? 'error' : 'warning'}</Badge>
              {line === undefined ? (
                <Words message={message} hint={hint} />
              ) : (
                <button type="button" className="link-btn" onClick={() => setGoTo({ line })}>
                  Line {line}
                </button>
              )}
              {line !== undefined && <Words message={message} hint={hint} />}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Words({ message, hint }: Pick<Problem, 'message' | 'hint'>) {
  return (
    <span className="grow">
      {message} {hint && <span className="muted">{hint}</span>}
    </span>
  );
}

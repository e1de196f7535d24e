/** Tries a template with the values of its form: nothing outside is changed. */

import { useMutation } from '@tanstack/react-query';
import { FolderUp, Play } from 'lucide-react';
import { lazy, Suspense, useRef, useState } from 'react';
import { request } from '../api/client';
import type { DryRunResult, TaskStatus } from '../api/scaffolder';
import { OutputCard } from '../create/run/OutputCard';
import { deniedTitle, MAY, useMay } from '../session/may';
import { Button } from '../ui/Button';
import { Card } from '../ui/Page';
import { Badge, formatCount, Notice, SkeletonRows, type Tone } from '../ui/Small';
import { Empty } from '../ui/States';
import type { Values } from './FormPreview';
import { type FileBeside, filesOf, textOf } from './files';

const CodeView = lazy(() => import('../ui/CodeView'));

const tryTemplate = (body: {
  template: unknown;
  values: Values;
  secrets: Record<string, string>;
  directoryContents: FileBeside[];
}) => request<DryRunResult>('/api/scaffolder/v2/dry-run', { method: 'POST', body });

interface DryRunProps {
  template: Record<string, unknown> | undefined;
  values: Values;
  secrets: Record<string, string>;
}

export function DryRun({ template, values, secrets }: DryRunProps) {
  const [beside, setBeside] = useState<FileBeside[]>([]);
  const may = useMay(MAY.createTask);
  const run = useMutation({ mutationFn: tryTemplate });
  const start = () => run.mutate({ template, values, secrets, directoryContents: beside });
  return (
    <div className="column">
      <p className="muted">
        Runs the steps with what the form has now. Steps that would change something outside are
        left out, and say so.
      </p>
      <Folder beside={beside} onBeside={setBeside} />
      <div className="page-actions">
        <Button
          variant="primary"
          disabled={!template || run.isPending || may === false}
          title={deniedTitle(may, MAY.createTask)}
          onClick={start}
        >
          <Play aria-hidden /> {run.isPending ? 'Running…' : 'Run the steps'}
        </Button>
        {!template && <span className="muted">The text cannot be read yet.</span>}
        {may === false && <span className="muted">{deniedTitle(may, MAY.createTask)}.</span>}
      </div>
      {run.error && (
        <Notice tone="error">
          <div className="prewrap">{run.error.message}</div>
        </Notice>
      )}
      {run.data && <Result result={run.data} />}
    </div>
  );
}

interface FolderProps {
  beside: FileBeside[];
  onBeside: (files: FileBeside[]) => void;
}

/** Paths of a template that begin with a dot mean files beside it. */
function Folder({ beside, onBeside }: FolderProps) {
  const input = useRef<HTMLInputElement>(null);
  const read = useMutation({ mutationFn: filesOf, onSuccess: onBeside });
  return (
    <div className="page-actions">
      <Button onClick={() => input.current?.click()}>
        <FolderUp aria-hidden /> Folder of the template…
      </Button>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        aria-label="Folder of the template"
        {...{ webkitdirectory: '' }}
        onChange={event => {
          read.mutate([...(event.target.files ?? [])]);
          // The same folder can be chosen again after it was changed.
          event.target.value = '';
        }}
      />
      <span className="muted">
        {beside.length === 0
          ? 'for steps that take files such as ./content'
          : `${formatCount(beside.length)} ${beside.length === 1 ? 'file goes' : 'files go'} with it`}
      </span>
      {beside.length > 0 && (
        <Button size="small" onClick={() => onBeside([])}>
          Leave them out
        </Button>
      )}
      {read.error && <Notice tone="error">{read.error.message}</Notice>}
    </div>
  );
}

function Result({ result }: { result: DryRunResult }) {
  const { output, directoryContents } = result;
  return (
    <>
      <Card title="Steps" count={result.steps.length} flush>
        <Steps result={result} />
      </Card>
      <Files files={directoryContents} />
      <OutputCard output={output} />
    </>
  );
}

const TONES: Partial<Record<TaskStatus, Tone>> = {
  completed: 'ok',
  failed: 'error',
  processing: 'info',
};

function Steps({ result: { steps, log } }: { result: DryRunResult }) {
  const linesOf = (id: string | undefined) => log.filter(({ body }) => body.stepId === id);
  const other = linesOf(undefined);
  return (
    <ol className="editor-steps">
      {steps.map(step => {
        const lines = linesOf(step.id);
        const status = lines.findLast(({ body }) => body.status)?.body.status;
        return (
          <li key={step.id}>
            <div className="editor-step">
              <strong>{step.name}</strong>
              <code className="muted">{step.action}</code>
              <Badge tone={status && TONES[status]}>{status ?? 'left out'}</Badge>
            </div>
            {lines.length > 0 && (
              <pre className="editor-log">{lines.map(({ body }) => `${body.message}\n`)}</pre>
            )}
          </li>
        );
      })}
      {other.length > 0 && (
        <li>
          <pre className="editor-log">{other.map(({ body }) => `${body.message}\n`)}</pre>
        </li>
      )}
      {steps.length === 0 && <Empty title="It has no steps" />}
    </ol>
  );
}

function Files({ files }: { files: DryRunResult['directoryContents'] }) {
  const [path, setPath] = useState<string>();
  const shown = files.find(it => it.path === path) ?? files[0];
  const text = shown && textOf(shown.base64Content);
  return (
    <Card title="Files" count={files.length} flush>
      {files.length === 0 && <Empty title="The steps left no file" />}
      {shown && (
        <div className="editor-files">
          <ul aria-label="Files that the steps left">
            {files.map(it => (
              <li key={it.path}>
                <button
                  type="button"
                  aria-pressed={it.path === shown.path}
                  onClick={() => setPath(it.path)}
                >
                  <code>{it.path}</code>
                </button>
              </li>
            ))}
          </ul>
          {text === undefined ? (
            <p className="muted card-body">{shown.path} is no text.</p>
          ) : (
            <Suspense fallback={<SkeletonRows n={4} />}>
              <CodeView
                text={text}
                language={/\.ya?ml$/.test(shown.path) ? 'yaml' : 'text'}
                label={shown.path}
              />
            </Suspense>
          )}
        </div>
      )}
    </Card>
  );
}

/** A plan: what each step would do outside, before anything happens. */

import type { Planned, PlannedFile, PlanStep } from '../../api/scaffolder';
import { Card } from '../../ui/Page';
import { Notice } from '../../ui/Small';
import { linesOf, markOf, summaryOf, wordOf } from './plan';
import './plan.css';

export function PlanView({ planned }: { planned: Planned }) {
  return (
    <Card title="Plan">
      <p>{summaryOf(planned)}</p>
      {planned.plan.map(step => (
        <Step key={`${step.stepId} ${step.each}`} step={step} />
      ))}
      <Files planned={planned} />
    </Card>
  );
}

function Step({ step }: { step: PlanStep }) {
  const { calls = [], catalog = [], files = [], input, note, each } = step;
  return (
    <section className="plan-step" aria-label={step.name}>
      <h3>
        {step.name}
        {each !== undefined && ` (${each})`} <code>{step.action}</code>
      </h3>
      {note && <Notice tone="warn">This step cannot run: {note}</Notice>}
      {input !== undefined && (
        <details>
          <summary>What it does is not known in advance; what it gets</summary>
          <pre className="plan-body">{JSON.stringify(input, null, 2)}</pre>
        </details>
      )}
      <ul className="plan-list">
        {calls.map((call, at) => (
          <li key={at}>
            <Call {...call} />
          </li>
        ))}
        {catalog.map(({ change, target, entities }) => (
          <li key={target}>
            {change} <code>{target}</code>
            {entities.length > 0 && `: ${entities.join(', ')}`}
          </li>
        ))}
        {files.map(file => (
          <li key={file.path}>
            <File file={file} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Call({ method, url, body }: { method: string; url: string; body?: unknown }) {
  const line = (
    <>
      <b>{method}</b> <code>{url}</code>
    </>
  );
  if (body === undefined) return line;
  return (
    <details>
      <summary>{line}</summary>
      <pre className="plan-body">{JSON.stringify(body, null, 2)}</pre>
    </details>
  );
}

function File({ file }: { file: PlannedFile }) {
  const line = (
    <>
      <span aria-hidden>{markOf(file)}</span> <code>{file.path}</code>{' '}
      <span className="muted">{wordOf(file)}</span>
    </>
  );
  if (!file.diff) return line;
  return (
    <details>
      <summary>{line}</summary>
      <pre className="plan-body">
        {linesOf(file.diff).map(({ sort, text }, at) => (
          <span key={at} className="plan-line" data-sort={sort}>
            {`${text}\n`}
          </span>
        ))}
      </pre>
    </details>
  );
}

/** What the steps leave in their folder. */
function Files({ planned: { directoryContents } }: { planned: Planned }) {
  if (directoryContents.length === 0) return null;
  return (
    <section className="plan-step" aria-label="Files">
      <h3>Files</h3>
      <ul className="plan-list">
        {directoryContents.map(({ path, base64Content }) => (
          <li key={path}>
            <details>
              <summary>
                <code>{path}</code>
              </summary>
              <pre className="plan-body">{textOf(base64Content)}</pre>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}

function textOf(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), char => char.charCodeAt(0));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return `${bytes.length} bytes that are no text`;
  }
}

/** Fills in a request and sends it, where pages of the portal may; a line for a terminal elsewhere. */

import { useMutation } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { type FormEvent, lazy, Suspense, useId, useRef, useState } from 'react';
import { config } from '../app/boot';
import { session } from '../session/session';
import { Button } from '../ui/Button';
import { Badge, CopyButton, formatCount, Notice, SkeletonRows } from '../ui/Small';
import { languageOf } from './definition';
import type { Definition, Field, Operation } from './model';
import {
  bodiesOf,
  type Call,
  callOf,
  curlOf,
  type Filled,
  judge,
  keyOf,
  missingOf,
  parametersOf,
  sampleOf,
} from './request';

const CodeView = lazy(() => import('../ui/CodeView'));
/** More of an answer is not shown. */
const MAX_BYTES = 1_000_000;

interface TryItProps {
  operation: Operation;
  definition: Definition;
}

export default function TryIt({ operation, definition }: TryItProps) {
  const [filled, setFilled] = useState<Filled>(() => begin(operation, definition));
  const [isChecked, setChecked] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const send = useMutation({ mutationFn: (call: Call) => sent(call) });
  const id = useId();
  const set = (part: Partial<Filled>) => setFilled({ ...filled, ...part });
  const call = callOf(operation, filled);
  const missing = missingOf(operation, filled);
  // What is still to be filled in is asked for when it is sent, and decides nothing before.
  const later = Object.fromEntries(missing.map(it => [keyOf(it), 'later']));
  const whole = callOf(operation, { ...filled, values: { ...filled.values, ...later } });
  const verdict = judge(whole, site());
  const reason = 'reason' in verdict ? verdict.reason : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (missing.length > 0) {
      requestAnimationFrame(() =>
        form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
      );
    } else if (!reason) send.mutate(call);
  };
  const bodies = bodiesOf(operation);
  return (
    <form
      className="try"
      ref={form}
      onSubmit={submit}
      noValidate
      aria-label={`Try ${operation.id}`}
    >
      <div className="field">
        <label htmlFor={`${id}base`}>Base</label>
        <input
          id={`${id}base`}
          className="input mono"
          list={`${id}bases`}
          value={filled.base}
          onChange={event => set({ base: event.target.value })}
        />
        <datalist id={`${id}bases`}>
          {definition.servers.map(({ url }) => (
            <option key={url} value={url} />
          ))}
        </datalist>
      </div>
      <div className="try-fields">
        {parametersOf(operation).map(it => (
          <Parameter
            key={keyOf(it)}
            field={it}
            value={filled.values[keyOf(it)] ?? ''}
            isMissing={isChecked && missing.includes(it)}
            onChange={value => set({ values: { ...filled.values, [keyOf(it)]: value } })}
          />
        ))}
      </div>
      {filled.media !== undefined && (
        <div className="field">
          <label htmlFor={`${id}body`}>Body</label>
          {bodies.length > 1 && (
            <select
              className="select"
              aria-label="Media type"
              value={filled.media}
              onChange={event => set({ media: event.target.value })}
            >
              {bodies.map(({ media }) => (
                <option key={media}>{media}</option>
              ))}
            </select>
          )}
          <textarea
            id={`${id}body`}
            className="input"
            spellCheck={false}
            value={filled.body}
            onChange={event => set({ body: event.target.value })}
          />
        </div>
      )}
      {reason && <Notice tone="info">{reason}</Notice>}
      <div className="try-curl">
        <pre>{curlOf({ ...call, url: absolute(call.url) })}</pre>
        <CopyButton text={curlOf({ ...call, url: absolute(call.url) })} label="Copy the line" />
      </div>
      {!reason && (
        <div>
          <Button type="submit" variant="primary" disabled={send.isPending}>
            <Play aria-hidden /> {send.isPending ? 'Sending…' : `Send ${operation.verb}`}
          </Button>
        </div>
      )}
      {send.error && <Notice tone="error">{send.error.message}</Notice>}
      {send.data && <AnswerView answer={send.data} />}
    </form>
  );
}

const site = () => ({ origin: location.origin, basePath: config.basePath });

/** Terminals know no page that an address could be relative to. */
function absolute(url: string): string {
  return url.startsWith('/') ? `${location.origin}${url}` : url;
}

function begin(operation: Operation, definition: Definition): Filled {
  const [first] = bodiesOf(operation);
  const sample = first && sampleOf(definition, first.body.shape);
  const isText = typeof sample === 'string';
  const values = parametersOf(operation).flatMap(it => {
    const { example } = it.shape;
    return example === undefined || !it.isRequired ? [] : [[keyOf(it), String(example)]];
  });
  return {
    base: definition.servers[0]?.url ?? `${config.basePath}/api/proxy/`,
    values: Object.fromEntries(values),
    body: sample === undefined ? '' : isText ? sample : JSON.stringify(sample, null, 2),
    media: first?.media,
  };
}

interface ParameterProps {
  field: Field;
  value: string;
  isMissing: boolean;
  onChange: (value: string) => void;
}

function Parameter({ field, value, isMissing, onChange }: ParameterProps) {
  const id = useId();
  const { values } = field.shape;
  const common = {
    id,
    value,
    'aria-required': field.isRequired,
    'aria-invalid': isMissing,
    'aria-describedby': isMissing ? `${id}fault` : undefined,
  };
  return (
    <div className="field">
      <label htmlFor={id}>
        {field.name} <span className="count">{field.place}</span>
      </label>
      {values.length > 0 ? (
        <select className="select" {...common} onChange={event => onChange(event.target.value)}>
          <option value="">{field.isRequired ? 'Choose…' : 'not given'}</option>
          {values.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      ) : (
        <input
          className="input"
          {...common}
          placeholder={field.shape.label}
          onChange={event => onChange(event.target.value)}
        />
      )}
      {isMissing && (
        <span className="field-error" id={`${id}fault`}>
          is needed
        </span>
      )}
    </div>
  );
}

interface Answer {
  status: number;
  statusText: string;
  ms: number;
  headers: [string, string][];
  text: string | undefined;
  bytes: number;
  isCut: boolean;
}

async function sent(call: Call): Promise<Answer> {
  const verdict = judge(call, site());
  if ('reason' in verdict) throw new Error(verdict.reason);
  const headers = new Headers(call.headers);
  if (!headers.has('Authorization'))
    headers.set('Authorization', `Bearer ${await session.token()}`);
  const started = performance.now();
  const { method, body } = call;
  // Followed, a redirect of the service could lead to the portal's own API, with the user's token.
  const response = await fetch(verdict.url, { method, headers, body, redirect: 'manual' });
  if (response.type === 'opaqueredirect') {
    throw new Error('The service answered with a redirect, which is not followed from here.');
  }
  const { bytes, isCut } = await taken(response);
  return {
    status: response.status,
    statusText: response.statusText,
    ms: performance.now() - started,
    headers: [...response.headers],
    text: textOf(bytes, response.headers.get('Content-Type') ?? ''),
    bytes: bytes.length,
    isCut,
  };
}

/** The beginning of an answer; the rest of one without end is not waited for. */
async function taken(response: Response): Promise<{ bytes: Uint8Array; isCut: boolean }> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (reader && length <= MAX_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  const isCut = length > MAX_BYTES;
  if (isCut) await reader?.cancel();
  const bytes = new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
  return { bytes: bytes.slice(0, MAX_BYTES), isCut };
}

/** Texts as they are, JSON with line breaks; nothing for pictures and the like. */
function textOf(bytes: Uint8Array, type: string): string | undefined {
  if (bytes.length === 0) return '';
  if (!/^text\/|json|xml|yaml|javascript|^$/.test(type)) return undefined;
  const text = new TextDecoder().decode(bytes);
  if (!type.includes('json')) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function AnswerView({ answer }: { answer: Answer }) {
  const { status, statusText, ms, headers, text, bytes, isCut } = answer;
  const tone = status < 400 ? 'ok' : status < 500 ? 'warn' : 'error';
  return (
    <section className="compare" aria-label="Answer">
      <div className="try-answer" role="status">
        <Badge tone={tone}>{[status, statusText].filter(Boolean).join(' ')}</Badge>
        <span className="muted">
          {formatCount(Math.round(ms))} ms · {formatCount(bytes)} bytes
          {isCut && ', the beginning of more'}
        </span>
      </div>
      <details>
        <summary>
          {headers.length} {headers.length === 1 ? 'header' : 'headers'}
        </summary>
        <dl className="facts">
          {headers.map(([name, value]) => (
            <div key={name} style={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      {text === undefined && <p className="muted">The body is no text.</p>}
      {text && (
        <Suspense fallback={<SkeletonRows n={3} />}>
          <CodeView text={text} language={languageOf(text)} label="Body of the answer" />
        </Suspense>
      )}
    </section>
  );
}

/** What an API offers, operation by operation, and the types it is made of. */

import { ChevronRight } from 'lucide-react';
import { lazy, Suspense, useEffect, useId, useRef, useState } from 'react';
import { Button } from '../ui/Button';
import { Markdown } from '../ui/Markdown';
import { firstLineOf } from '../ui/markdownText';
import { Card } from '../ui/Page';
import { Badge, CopyButton, formatCount, SkeletonRows } from '../ui/Small';
import { Empty } from '../ui/States';
import type { Definition, Operation, Shape } from './model';
import { Deprecated, FieldList, membersOf, Values } from './ShapeTree';
import './apis.css';

const TryIt = lazy(() => import('./TryIt'));

/** Above this, a list can be searched, and shows its beginning only. */
const MANY = 10;
const PAGE = 200;

interface ReferenceProps {
  definition: Definition;
  /** Whether requests can be made from what it says. */
  canTry: boolean;
  /** The operation that the address names, and how another one comes into it. */
  open: string | undefined;
  onOpen: (id: string | undefined) => void;
}

export function Reference({ definition, canTry, open, onOpen }: ReferenceProps) {
  const { operations, types } = definition;
  return (
    <>
      <About definition={definition} />
      <Operations definition={definition} canTry={canTry} open={open} onOpen={onOpen} />
      {types.size > 0 && <Types definition={definition} />}
      {operations.length + types.size === 0 && (
        <Empty title="The definition describes nothing yet" />
      )}
    </>
  );
}

function About({ definition }: { definition: Definition }) {
  const { title, version, description, servers } = definition;
  if (!description && servers.length === 0) return null;
  return (
    <Card title={[title ?? 'About', version].filter(Boolean).join(' ')}>
      {description && <Markdown text={description} className="definition-text" />}
      {servers.length > 0 && (
        <ul className="servers" aria-label="Servers">
          {servers.map(({ url, description: words }) => (
            <li key={`${url} ${words}`}>
              <code>{url}</code>
              <CopyButton text={url} label={`Copy ${url}`} />
              {words && <span className="muted">{words}</span>}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Items whose text has all words, and the first of them. */
function useFound<T>(items: T[], textOf: (item: T) => string) {
  const [find, setFind] = useState('');
  const [n, setN] = useState(PAGE);
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const found =
    words.length === 0
      ? items
      : items.filter(it => {
          const text = textOf(it).toLowerCase();
          return words.every(word => text.includes(word));
        });
  return { find, setFind, found, shown: found.slice(0, n), more: () => setN(n + PAGE) };
}

interface FindProps {
  label: string;
  found: ReturnType<typeof useFound<unknown>>;
}

function Find({ label, found }: FindProps) {
  return (
    <input
      className="input card-find"
      type="search"
      aria-label={label}
      placeholder={label}
      value={found.find}
      onChange={event => found.setFind(event.target.value)}
    />
  );
}

function More({ found }: { found: ReturnType<typeof useFound<unknown>> }) {
  const left = found.found.length - found.shown.length;
  if (found.found.length === 0) return <Empty title="None is called so" />;
  if (left <= 0) return null;
  return (
    <div className="card-body">
      <Button onClick={found.more}>Show more of {formatCount(left)}</Button>
    </div>
  );
}

function Operations({ definition, canTry, open, onOpen }: ReferenceProps) {
  const { operations } = definition;
  const found = useFound(operations, it => `${it.id} ${it.group ?? ''} ${it.summary}`);
  if (operations.length === 0) return null;
  const groups = new Map<string, Operation[]>();
  for (const it of found.shown) {
    const group = it.group ?? '';
    groups.set(group, [...(groups.get(group) ?? []), it]);
  }
  const hasHeadings = groups.size > 1 || operations.length !== found.shown.length;
  return (
    <Card
      title="Operations"
      count={operations.length}
      actions={operations.length > MANY && <Find label="Find an operation" found={found} />}
      flush
    >
      {[...groups].map(([group, items]) => (
        <section key={group} aria-label={group || undefined}>
          {hasHeadings && group && <h3 className="operation-group">{group}</h3>}
          <ul className="operations">
            {items.map(it => (
              <OperationRow
                key={it.id}
                operation={it}
                definition={definition}
                canTry={canTry}
                isNamed={it.id === open}
                onOpen={onOpen}
              />
            ))}
          </ul>
        </section>
      ))}
      <More found={found} />
    </Card>
  );
}

interface OperationRowProps {
  operation: Operation;
  definition: Definition;
  canTry: boolean;
  isNamed: boolean;
  onOpen: (id: string | undefined) => void;
}

function OperationRow({ operation, definition, canTry, isNamed, onOpen }: OperationRowProps) {
  const { id, verb, path, summary, deprecated } = operation;
  const [isOpen, setOpen] = useState(isNamed);
  const row = useRef<HTMLLIElement>(null);
  const detail = useId();
  const wasNamed = useRef(isNamed);
  useEffect(() => {
    if (wasNamed.current) row.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const toggle = () => {
    setOpen(!isOpen);
    onOpen(isOpen ? undefined : id);
  };
  return (
    <li ref={row}>
      <button
        type="button"
        className="operation"
        aria-expanded={isOpen}
        aria-controls={isOpen ? detail : undefined}
        onClick={toggle}
      >
        <ChevronRight aria-hidden />
        <span className="operation-verb">{verb}</span>
        <code className="operation-path">{path}</code>
        <span className="operation-summary muted">{summary}</span>
        {deprecated !== undefined && <Badge tone="warn">deprecated</Badge>}
      </button>
      {isOpen && (
        <div className="operation-detail" id={detail}>
          <Detail operation={operation} definition={definition} canTry={canTry} />
        </div>
      )}
    </li>
  );
}

type DetailProps = Pick<OperationRowProps, 'operation' | 'definition' | 'canTry'>;

function Detail({ operation, definition, canTry }: DetailProps) {
  const { description, summary, deprecated, inputs, outputs, needs } = operation;
  const [isTrying, setTrying] = useState(false);
  return (
    <>
      {deprecated && (
        <p>
          <Deprecated reason={deprecated} />
        </p>
      )}
      {description && description !== summary && (
        <Markdown text={description} className="definition-text" />
      )}
      {needs.length > 0 && <p className="muted">Needs {needs.join(', or ')}.</p>}
      {inputs.length > 0 && (
        <section>
          <h4>{canTry ? 'Request' : 'Takes'}</h4>
          <FieldList fields={inputs} types={definition} isOpen />
        </section>
      )}
      {outputs.length > 0 && (
        <section>
          <h4>{canTry ? 'Answers' : 'Gives'}</h4>
          <FieldList fields={outputs} types={definition} isOpen={outputs.length === 1} />
        </section>
      )}
      {inputs.length + outputs.length === 0 && (
        <p className="muted">The definition says nothing more about it.</p>
      )}
      {canTry && !isTrying && (
        <div>
          <Button onClick={() => setTrying(true)}>Try it</Button>
        </div>
      )}
      {isTrying && (
        <Suspense fallback={<SkeletonRows n={3} />}>
          <TryIt operation={operation} definition={definition} />
        </Suspense>
      )}
    </>
  );
}

function Types({ definition }: { definition: Definition }) {
  const found = useFound([...definition.types], ([key, type]) => `${nameOf(key)} ${type.label}`);
  return (
    <Card
      title="Types"
      count={definition.types.size}
      actions={definition.types.size > MANY && <Find label="Find a type" found={found} />}
      flush
    >
      <ul className="operations">
        {found.shown.map(([key, type]) => (
          <TypeRow key={key} name={nameOf(key)} type={type} definition={definition} />
        ))}
      </ul>
      <More found={found} />
    </Card>
  );
}

/** Types of JSON schemas are known by the place where they stand. */
const nameOf = (key: string) => (key.startsWith('#') ? (key.split('/').at(-1) ?? key) : key);

interface TypeRowProps {
  name: string;
  type: Shape;
  definition: Definition;
}

function TypeRow({ name, type, definition }: TypeRowProps) {
  const [isOpen, setOpen] = useState(false);
  const detail = useId();
  const members = membersOf(definition, type);
  const kind = type.label === name ? type.rules[0] : type.label;
  return (
    <li>
      <button
        type="button"
        className="operation"
        aria-expanded={isOpen}
        aria-controls={isOpen ? detail : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        <ChevronRight aria-hidden />
        <code className="operation-path">{name}</code>
        <span className="operation-summary muted">
          {type.description ? firstLineOf(type.description) : kind}
        </span>
        {type.deprecated !== undefined && <Badge tone="warn">deprecated</Badge>}
      </button>
      {isOpen && (
        <div className="operation-detail" id={detail}>
          {type.description && <Markdown text={type.description} className="definition-text" />}
          {type.rules.length > 0 && <p className="muted">{type.rules.join(' · ')}</p>}
          {type.values.length > 0 && <Values values={type.values} />}
          {members.length > 0 && <FieldList fields={members} types={definition} />}
          {members.length + type.values.length + type.rules.length === 0 && (
            <p className="muted">{kind ?? 'Nothing more is said about it.'}</p>
          )}
        </div>
      )}
    </li>
  );
}

/** Describing something that has no file yet, and checking a file that is not in a repository. */

import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useId, useState } from 'react';
import type { Entity } from '../api/entity';
import { useDraft } from '../app/draft';
import { EntitySearch } from '../ui/EntityPicker';
import { KeptNotice } from '../ui/KeptNotice';
import { Card, Page } from '../ui/Page';
import { Notice, SkeletonRows } from '../ui/Small';
import { CheckList } from './CheckList';
import {
  type Description,
  entityOf,
  faultsOf,
  hasLifecycle,
  KINDS,
  LIFECYCLES,
  MAX_FILE,
  parentOf,
  readFile,
  TYPES,
  toYaml,
} from './describe';
import './register.css';

const CodeView = lazy(() => import('../ui/CodeView'));

const BEGIN: Description = {
  kind: 'Component',
  name: '',
  title: '',
  description: '',
  type: 'service',
  lifecycle: 'production',
  owner: '',
  parent: '',
  tags: '',
};

export default function DescribePage() {
  const draft = useDraft('describe', BEGIN);
  const { value: given, set: setGiven } = draft;
  const isWhole = Object.keys(faultsOf(given)).length === 0;
  return (
    <Page
      title="Describe something new"
      crumbs={<Link to="/catalog-import">Register a location</Link>}
      lead="Put the file beside the code, as catalog-info.yaml, and register its address."
    >
      <KeptNotice draft={draft} />
      <div className="columns">
        <Fields given={given} onChange={part => setGiven(now => ({ ...now, ...part }))} />
        <div className="column">
          <Suspense fallback={<SkeletonRows n={6} />}>
            <CodeView text={toYaml(given)} language="yaml" label="catalog-info" />
          </Suspense>
          {isWhole && <CheckList entities={[entityOf(given) as unknown as Entity]} />}
          <FileCheck />
        </div>
      </div>
    </Page>
  );
}

interface FieldsProps {
  given: Description;
  onChange: (part: Partial<Description>) => void;
}

function Fields({ given, onChange }: FieldsProps) {
  const [seen, setSeen] = useState<Partial<Record<keyof Description, boolean>>>({});
  const faults = faultsOf(given);
  const { kind } = given;
  const parent = parentOf(kind);
  const types = TYPES[kind];
  const text = (name: 'name' | 'title' | 'description' | 'type' | 'tags') => ({
    value: given[name],
    fault: seen[name] ? faults[name] : undefined,
    onChange: (value: string) => onChange({ [name]: value }),
    onBlur: () => setSeen(now => ({ ...now, [name]: true })),
  });
  return (
    <Card title="What is it?">
      <div className="column">
        <div>
          <fieldset className="segmented" aria-label="Kind">
            {KINDS.map(option => (
              <button
                key={option}
                type="button"
                aria-pressed={kind === option}
                onClick={() =>
                  onChange({ kind: option, type: TYPES[option]?.[0] ?? '', parent: '' })
                }
              >
                {option}
              </button>
            ))}
          </fieldset>
        </div>
        <TextField
          label="Name"
          help="How it is referred to, such as payment-service"
          {...text('name')}
        />
        <TextField label="Title" help="How people call it, if not by its name" {...text('title')} />
        <TextField label="What does it do?" {...text('description')} />
        {types && <TextField label="Type" options={types} {...text('type')} />}
        {hasLifecycle(kind) && <Lifecycle value={given.lifecycle} onChange={onChange} />}
        <RefField
          label="Owner"
          query={{ kind: { $in: ['group', 'user'] } }}
          value={given.owner}
          fault={seen.owner ? faults.owner : undefined}
          onBlur={() => setSeen(now => ({ ...now, owner: true }))}
          onPick={owner => onChange({ owner })}
        />
        {parent && (
          <RefField
            label={parent === 'system' ? 'Part of the system' : 'Part of the domain'}
            query={{ kind: parent }}
            value={given.parent}
            onPick={picked => onChange({ parent: picked })}
          />
        )}
        <TextField label="Tags" help="Words with spaces between them" {...text('tags')} />
      </div>
    </Card>
  );
}

function Lifecycle({ value, onChange }: { value: string; onChange: FieldsProps['onChange'] }) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Lifecycle</label>
      <select
        id={id}
        className="select"
        value={value}
        onChange={event => onChange({ lifecycle: event.target.value })}
      >
        {LIFECYCLES.map(option => (
          <option key={option}>{option}</option>
        ))}
      </select>
    </div>
  );
}

interface TextFieldProps {
  label: string;
  help?: string;
  value: string;
  fault: string | undefined;
  options?: string[];
  onChange: (value: string) => void;
  onBlur: () => void;
}

function TextField({ label, help, value, fault, options, onChange, onBlur }: TextFieldProps) {
  const id = useId();
  const note = fault ?? help;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="input"
        value={value}
        list={options && `${id}o`}
        aria-invalid={fault !== undefined}
        aria-describedby={note && `${id}h`}
        onChange={event => onChange(event.target.value)}
        onBlur={onBlur}
      />
      {options && (
        <datalist id={`${id}o`}>
          {options.map(option => (
            <option key={option} value={option} />
          ))}
        </datalist>
      )}
      {note && (
        <span id={`${id}h`} className={fault ? 'field-error' : 'field-help'}>
          {note}
        </span>
      )}
    </div>
  );
}

interface RefFieldProps {
  label: string;
  query: Record<string, unknown>;
  value: string;
  fault?: string;
  onBlur?: () => void;
  onPick: (ref: string) => void;
}

function RefField({ label, fault, ...search }: RefFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <EntitySearch id={id} allowUnknown isInvalid={fault !== undefined} {...search} />
      {fault && <span className="field-error">{fault}</span>}
    </div>
  );
}

async function read(file: File) {
  if (file.size > MAX_FILE) throw new Error('The file is larger than 1 MiB.');
  return readFile(await file.text());
}

function FileCheck() {
  const id = useId();
  const check = useMutation({ mutationFn: read });
  return (
    <>
      <Card title="Check a file">
        <div className="field">
          <label htmlFor={id}>A file with descriptions, from your computer</label>
          <input
            id={id}
            type="file"
            accept=".yaml,.yml,.json"
            onChange={event => {
              const file = event.target.files?.[0];
              if (file) check.mutate(file);
              // The same file can be chosen again after it was changed.
              event.target.value = '';
            }}
          />
          <span className="field-help">
            It is judged as if it were registered; nothing is kept. What is in the catalog is read
            from repositories, so that it has a history.
          </span>
        </div>
        {check.error && <Notice tone="error">{check.error.message}</Notice>}
        {check.data?.faults.map(fault => (
          <Notice key={fault} tone="error">
            {fault}
          </Notice>
        ))}
      </Card>
      {check.data && check.data.entities.length > 0 && <CheckList entities={check.data.entities} />}
    </>
  );
}

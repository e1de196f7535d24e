/** Registering a location: look first, then keep. */

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, useId, useRef, useState } from 'react';
import { catalog, type IngestionError } from '../api/catalog';
import { ApiError } from '../api/client';
import { type Entity, isWebUrl, refTextOf } from '../api/entity';
import { MAY, useMay } from '../session/may';
import { Button } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { KindIcon } from '../ui/KindIcon';
import { ManyRows } from '../ui/ManyRows';
import { Card, Page } from '../ui/Page';
import { Problems } from '../ui/Problems';
import { plainText } from '../ui/plain';
import { Notice, SkeletonRows } from '../ui/Small';
import { Empty } from '../ui/States';
import { faultyOf, readProblem } from './problem';
import './register.css';

const route = getRouteApi('/catalog-import');

const EXAMPLE = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: my-service
spec:
  type: service
  lifecycle: production
  owner: my-group`;

export default function RegisterPage() {
  const search = route.useSearch();
  const [url, setUrl] = useState(search.url ?? '');
  const [fault, setFault] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const preview = useMutation({ mutationFn: catalog.tryLocation });
  const register = useRegister();
  const mayRegister = useMay(MAY.register);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong = faultOf(url);
    setFault(wrong);
    register.reset();
    if (wrong) return input.current?.focus();
    preview.mutate(url.trim());
  };
  return (
    <Page
      title="Register a location"
      lead="A file that describes software. The portal reads it now, shows what is in it, and keeps reading it once you register it."
    >
      <form className="register-form" onSubmit={submit} noValidate>
        <div className="field">
          <label htmlFor={id}>URL of the file</label>
          <input
            id={id}
            ref={input}
            className="input"
            type="url"
            value={url}
            aria-invalid={fault !== undefined}
            aria-describedby={`${id}-help`}
            placeholder="https://github.com/acme/shop/blob/main/catalog-info.yaml"
            onChange={event => setUrl(event.target.value)}
            onBlur={() => url && setFault(faultOf(url))}
          />
          <span id={`${id}-help`} className={fault ? 'field-error' : 'field-help'}>
            {fault ?? 'As the address bar shows it when you look at the file.'}
          </span>
        </div>
        <Button
          type="submit"
          variant="primary"
          disabled={preview.isPending || mayRegister === false}
        >
          {preview.isPending ? 'Reading…' : 'Preview'}
        </Button>
      </form>
      {mayRegister === false && (
        <Notice tone="info">
          You may not register locations. Ask who runs the portal for a role with{' '}
          <code>{MAY.register.name}</code>.
        </Notice>
      )}
      {preview.isPending && (
        <div className="card">
          <SkeletonRows />
        </div>
      )}
      {preview.error && <Refusal error={preview.error} url={url} />}
      {preview.data && !register.data && (
        <Preview
          entities={preview.data.entities}
          exists={preview.data.exists === true}
          isBusy={register.isPending}
          error={register.error}
          onRegister={() => register.mutate(preview.variables)}
        />
      )}
      {register.data && <Registered entities={preview.data?.entities ?? []} />}
      {!preview.data && !preview.error && !preview.isPending && (
        <Card title="No file yet?">
          <Empty
            title="Put this into catalog-info.yaml of your repository"
            example={EXAMPLE}
            actions={
              <Link className="btn" to="/catalog-import/describe">
                Describe it with a form, or check a file
              </Link>
            }
          />
        </Card>
      )}
    </Page>
  );
}

function useRegister() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: catalog.register,
    onSuccess: () => client.invalidateQueries(),
  });
}

function faultOf(url: string): string | undefined {
  const trimmed = url.trim();
  if (trimmed === '') return 'Paste the URL of a file.';
  if (!isWebUrl(trimmed)) return 'A URL begins with https://';
  return undefined;
}

/** Why the file was not taken: where, and what to do. */
function Refusal({ error, url }: { error: Error; url: string }) {
  const isDenied = error instanceof ApiError && error.isDenied;
  const faulty = error instanceof ApiError ? faultyOf(error.problems) : [];
  return (
    <Card
      title={isDenied ? 'You may not register locations' : 'This file cannot be registered yet'}
    >
      <div className="column" style={{ gap: 8 }}>
        {faulty.length > 0 ? <Faulty items={faulty} /> : <Guess error={error} />}
        <p>
          <a href={url} target="_blank" rel="noreferrer">
            Open the file
          </a>
          , change it, and preview again.
        </p>
      </div>
    </Card>
  );
}

/** Every entity that would not be taken. */
function Faulty({ items }: { items: IngestionError[] }) {
  return items.map(({ entityRef, location, problems }) => (
    <section key={`${entityRef} ${location}`} className="column" style={{ gap: 6 }}>
      {/* The location itself is what was asked for. */}
      {!entityRef.startsWith('location:') && <code>{entityRef}</code>}
      <Problems problems={problems} location={location} />
    </section>
  ));
}

/** What the message alone says. */
function Guess({ error }: { error: Error }) {
  const problem = readProblem(error.message);
  return (
    <>
      <Notice tone="error">
        <div className="prewrap">{problem.message}</div>
      </Notice>
      {problem.subject && (
        <p>
          In <code>{problem.subject}</code>
        </p>
      )}
      {problem.fix && <p>{problem.fix}</p>}
    </>
  );
}

interface PreviewProps {
  entities: Entity[];
  exists: boolean;
  isBusy: boolean;
  error: Error | null;
  onRegister: () => void;
}

function Preview({ entities, exists, isBusy, error, onRegister }: PreviewProps) {
  const action = !exists && entities.length > 0 && (
    <Button variant="primary" disabled={isBusy} onClick={onRegister}>
      {entities.length === 1 ? 'Register 1 entity' : `Register ${entities.length} entities`}
    </Button>
  );
  return (
    <Card title="In this file" count={entities.length} actions={action} flush>
      {exists && (
        <div className="card-body">
          <Notice tone="info">
            This location is registered already; its entities are read again by themselves.
          </Notice>
        </div>
      )}
      {error && (
        <div className="card-body">
          <Notice tone="error">{error.message}</Notice>
        </div>
      )}
      {entities.length === 0 && <Empty title="The file describes nothing" example={EXAMPLE} />}
      <ManyRows items={entities} keyOf={refTextOf}>
        {entity => (
          <>
            <KindIcon kind={entity.kind} />
            <strong>{entity.metadata.title ?? entity.metadata.name}</strong>
            <span className="muted grow truncate">{plainText(entity.metadata.description)}</span>
            <code className="muted">{refTextOf(entity)}</code>
          </>
        )}
      </ManyRows>
    </Card>
  );
}

function Registered({ entities }: { entities: Entity[] }) {
  return (
    <Card title="Registered" flush>
      <div className="card-body">
        <Notice tone="ok">
          The portal is reading the file; its entities appear within seconds.
        </Notice>
      </div>
      <ManyRows items={entities} keyOf={refTextOf}>
        {entity => <EntityLink entityRef={refTextOf(entity)} entity={entity} />}
      </ManyRows>
      <div className="card-body">
        <Link className="btn" to="/catalog" search={{ q: '' }}>
          Open the catalog
        </Link>
      </div>
    </Card>
  );
}

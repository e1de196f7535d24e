/** Writing a template beside its form, with what is wrong with it, and trying it. */

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import { catalog } from '../api/catalog';
import { ApiError } from '../api/client';
import { annotation, EDIT_URL, type Entity, formatRef, isWebUrl, parseRef } from '../api/entity';
import { entityQuery } from '../api/queries';
import { scaffolder } from '../api/scaffolder';
import { useDraft } from '../app/draft';
import { Button } from '../ui/Button';
import { EntitySearch } from '../ui/EntityPicker';
import { KeptNotice } from '../ui/KeptNotice';
import { Page } from '../ui/Page';
import { Notice, SkeletonRows } from '../ui/Small';
import { Empty, ErrorState } from '../ui/States';
import { DryRun } from './DryRun';
import { BEGIN } from './examples';
import { FormPreview, useFilled } from './FormPreview';
import { type Problem, type ReadTemplate, readTemplate, withLint, writtenFrom } from './template';
import { useLint } from './useLint';
import { Writing } from './Writing';
import './editor.css';

const route = getRouteApi('/create/editor');

export default function EditorPage() {
  const { template } = route.useSearch();
  const ref = template && formatRef(parseRef(template, 'template'));
  return (
    <Page
      title="Edit a template"
      crumbs={<Link to="/create">Create</Link>}
      lead="Beside its form, and tried without changing anything. The portal keeps no templates: put the text where your catalog reads it."
      actions={
        <Link className="btn" to="/create/forms">
          Try a form
        </Link>
      }
    >
      {ref ? <FromCatalog entityRef={ref} /> : <Editor name="new" begin={BEGIN} />}
    </Page>
  );
}

function FromCatalog({ entityRef }: { entityRef: string }) {
  const { data, error, isPending, refetch } = useQuery({
    ...entityQuery(parseRef(entityRef)),
    // What is being written must not be asked for again.
    refetchOnWindowFocus: false,
  });
  if (error instanceof ApiError && error.isMissing) {
    return (
      <Empty title={`There is no template ${entityRef}`}>
        <Link to="/create/editor">Begin a new one</Link>
      </Empty>
    );
  }
  if (error) return <ErrorState error={error} onRetry={() => refetch()} />;
  if (isPending) return <SkeletonRows n={12} />;
  const edit = annotation(data, EDIT_URL);
  return (
    <Editor
      key={entityRef}
      name={entityRef}
      begin={writtenFrom(data)}
      edit={edit && isWebUrl(edit) ? edit : undefined}
    />
  );
}

interface EditorProps {
  name: string;
  begin: string;
  /** Where its file is edited. */
  edit?: string;
}

function Editor({ name, begin, edit }: EditorProps) {
  const draft = useDraft(`template ${name}`, begin);
  const { value: text, set } = draft;
  const read = useRead(text);
  const judged = useJudged(read.template);
  const [view, setView] = useState<'form' | 'run'>('form');
  const filled = useFilled();
  const linted = useLint(text, read.template?.kind === 'Template');
  const problems = useMemo(
    () => [...withLint(read.problems, linted), ...judged],
    [read.problems, linted, judged],
  );
  return (
    <>
      <Choice name={name} edit={edit} />
      <KeptNotice draft={draft} />
      <div className="editor">
        <Writing
          text={text}
          onText={set}
          label="Template"
          fileName="template.yaml"
          problems={problems}
        />
        <div className="column">
          <fieldset className="segmented" aria-label="Show" style={{ justifySelf: 'start' }}>
            <button type="button" aria-pressed={view === 'form'} onClick={() => setView('form')}>
              Form
            </button>
            <button type="button" aria-pressed={view === 'run'} onClick={() => setView('run')}>
              Dry run
            </button>
          </fieldset>
          {read.isOld && (
            <Notice tone="warn">
              The text cannot be read at the moment: this is what it said before.
            </Notice>
          )}
          <div hidden={view !== 'form'}>
            <FormPreview pages={read.pages} {...filled} />
          </div>
          <div hidden={view !== 'run'}>
            <DryRun template={read.template} values={filled.values} secrets={filled.secrets.all} />
          </div>
        </div>
      </div>
    </>
  );
}

const TEMPLATES = { kind: 'template' };

function Choice({ name, edit }: { name: string; edit: string | undefined }) {
  const navigate = route.useNavigate();
  const isNew = name === 'new';
  return (
    <div className="page-actions">
      <span>Begin with</span>
      <div style={{ width: 280, maxWidth: '100%' }}>
        <EntitySearch
          label="Begin with a template of the catalog"
          query={TEMPLATES}
          value={isNew ? '' : name}
          placeholder="a template of the catalog"
          onPick={template => void navigate({ search: { template: template || undefined } })}
        />
      </div>
      {!isNew && (
        <Button onClick={() => void navigate({ search: {} })}>Begin with an empty one</Button>
      )}
      {edit && (
        <a className="btn" href={edit} target="_blank" rel="noreferrer">
          Edit its file
        </a>
      )}
    </div>
  );
}

/** What the text says; while it cannot be read, the form stays what it was. */
function useRead(text: string): ReadTemplate & { isOld: boolean } {
  const { data: actions } = useQuery({ queryKey: ['actions'], queryFn: scaffolder.actions });
  const later = useDeferredValue(text);
  const read = useMemo(() => readTemplate(later, actions), [later, actions]);
  const [pages, setPages] = useState(read.pages);
  const isOld = read.template === undefined;
  useEffect(() => {
    if (read.template) setPages(read.pages);
  }, [read]);
  return { ...read, pages: isOld ? pages : read.pages, isOld };
}

const TYPING_MS = 500;

/** What the catalog says about it, as it does when the template is registered. */
function useJudged(template: Record<string, unknown> | undefined): Problem[] {
  const [asked, setAsked] = useState(template);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(template), TYPING_MS);
    return () => clearTimeout(timer);
  }, [template]);
  const { error } = useQuery({
    queryKey: ['validate', asked],
    queryFn: () => catalog.validate(asked as unknown as Entity).then(() => true),
    enabled: asked !== undefined && asked.kind === 'Template',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return useMemo(() => {
    if (!(error instanceof ApiError) || error.status !== 400) return [];
    return [{ severity: 'error', message: `The catalog would refuse it: ${error.message}` }];
  }, [error]);
}

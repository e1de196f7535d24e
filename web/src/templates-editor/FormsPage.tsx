/** Trying a form: its schema on one side, what it looks like and what it gives on the other. */

import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useDraft } from '../app/draft';
import { KeptNotice } from '../ui/KeptNotice';
import { Page } from '../ui/Page';
import { SkeletonRows } from '../ui/Small';
import { EXAMPLES, FORM } from './examples';
import { FormPreview, useFilled } from './FormPreview';
import { readForm } from './template';
import { Writing } from './Writing';
import './editor.css';

const CodeView = lazy(() => import('../ui/CodeView'));

export default function FormsPage() {
  const draft = useDraft('form', FORM);
  const { value: text, set } = draft;
  const later = useDeferredValue(text);
  const read = useMemo(() => readForm(later), [later]);
  const [pages, setPages] = useState(read.pages);
  useEffect(() => {
    if (read.problems.length === 0) setPages(read.pages);
  }, [read]);
  const filled = useFilled();
  return (
    <Page
      title="Try a form"
      crumbs={<Link to="/create">Create</Link>}
      lead="Paste what stands in spec.parameters, or take an example, and fill it in."
      actions={
        <>
          <select
            className="select"
            aria-label="An example of"
            value=""
            onChange={event => set(EXAMPLES[event.target.value] ?? FORM)}
          >
            <option value="" disabled>
              An example of…
            </option>
            {Object.keys(EXAMPLES).map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
          <Link className="btn" to="/create/editor">
            Edit a template
          </Link>
        </>
      }
    >
      <KeptNotice draft={draft} />
      <div className="editor">
        <Writing
          text={text}
          onText={set}
          label="Parameters"
          fileName="parameters.yaml"
          problems={read.problems}
        />
        <div className="column">
          <FormPreview pages={pages} {...filled} />
          <Suspense fallback={<SkeletonRows n={3} />}>
            <CodeView
              text={JSON.stringify(filled.values, null, 2)}
              language="json"
              label="What it gives"
            />
          </Suspense>
        </div>
      </div>
    </Page>
  );
}

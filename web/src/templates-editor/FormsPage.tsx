/** Trying a form: its schema on one side, what it looks like and what it gives on the other. */

import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useState } from 'react';
import { useDraft } from '../app/draft';
import { Button } from '../ui/Button';
import { Page } from '../ui/Page';
import { Notice, SkeletonRows } from '../ui/Small';
import { FORM } from './examples';
import { FormPreview, useFilled } from './FormPreview';
import { readForm } from './template';
import { Writing } from './Writing';
import './editor.css';

const CodeView = lazy(() => import('../ui/CodeView'));

export default function FormsPage() {
  const { value: text, set, isKept, forget } = useDraft('form', FORM);
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
      lead="Paste what stands in spec.parameters, and fill it in."
      actions={
        <Link className="btn" to="/create/editor">
          Edit a template
        </Link>
      }
    >
      {isKept && (
        <Notice tone="info">
          This is what you had written before.{' '}
          <Button size="small" onClick={forget}>
            Begin anew
          </Button>
        </Notice>
      )}
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

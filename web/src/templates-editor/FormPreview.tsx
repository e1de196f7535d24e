/** The form of a template as who uses it will see it, while it is being written. */

import { Component, lazy, type ReactNode, Suspense, useMemo, useState } from 'react';
import type { JsonSchema } from '../api/scaffolder';
import { repoUrlOf, type Secrets, useSecrets } from '../create/form/context';
import { Button } from '../ui/Button';
import { Markdown } from '../ui/Markdown';
import { Notice, SkeletonRows } from '../ui/Small';
import { Empty } from '../ui/States';

const SchemaForm = lazy(() => import('../create/form/SchemaForm'));

export type Values = Record<string, unknown>;

interface FormPreviewProps {
  pages: JsonSchema[];
  values: Values;
  secrets: Secrets;
  onValues: (values: Values) => void;
}

export function FormPreview({ pages, values, secrets, onValues }: FormPreviewProps) {
  const [chosen, setChosen] = useState(0);
  const [isFine, setFine] = useState(false);
  const at = Math.min(chosen, pages.length - 1);
  const page = useMemo(() => withoutFocus(pages[at]), [pages, at]);
  if (!page) return <Empty title="It asks for nothing">Its form stands in spec.parameters.</Empty>;
  const change = (next: Values) => {
    setFine(false);
    onValues(next);
  };
  return (
    <div className="column">
      {pages.length > 1 && (
        <fieldset
          className="segmented"
          aria-label="Page of the form"
          style={{ justifySelf: 'start' }}
        >
          {pages.map((it, n) => (
            <button
              key={`${n} ${pages.length}`}
              type="button"
              aria-pressed={n === at}
              onClick={() => {
                setFine(false);
                setChosen(n);
              }}
            >
              {titleOf(it, n)}
            </button>
          ))}
        </fieldset>
      )}
      <div>
        <h3>{titleOf(page, at)}</h3>
        {typeof page.description === 'string' && (
          <Markdown className="muted" text={page.description} />
        )}
      </div>
      <Boundary key={JSON.stringify(page)}>
        <Suspense fallback={<SkeletonRows n={4} />}>
          <SchemaForm
            key={at}
            page={page}
            values={values}
            context={{ secrets, repoUrl: repoUrlOf(values) }}
            onChange={change}
            onSubmit={next => {
              change(next);
              setFine(true);
            }}
          >
            <div className="editor-check">
              <Button type="submit">Check this page</Button>
              {isFine && <span role="status">Everything on this page is in order.</span>}
            </div>
          </SchemaForm>
        </Suspense>
      </Boundary>
    </div>
  );
}

function titleOf(page: JsonSchema, at: number): string {
  return typeof page.title === 'string' ? page.title : `Page ${at + 1}`;
}

/** Who writes beside it keeps the focus: the form is made anew with each letter. */
export function withoutFocus(page: JsonSchema | undefined): JsonSchema | undefined {
  const drop = (key: string, value: unknown) =>
    key === 'ui:autofocus' || key === 'autofocus' ? undefined : value;
  return page && (JSON.parse(JSON.stringify(page, drop)) as JsonSchema);
}

/** A schema that is being written may be one that no form can be made of. */
class Boundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return <Notice tone="error">No form can be made of this page: {error.message}</Notice>;
  }
}

/** Values and secrets of a form that is tried. */
export function useFilled() {
  const [values, setValues] = useState<Values>({});
  const secrets = useSecrets();
  return { values, onValues: setValues, secrets };
}

/** The pages of a form, what is filled in on them, and where somebody is. */

import { useBlocker } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import { lazy, type RefObject, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import type { JsonSchema, TemplateForm } from '../api/scaffolder';
import { useDraft } from '../app/draft';
import { Button } from '../ui/Button';
import { KeptNotice } from '../ui/KeptNotice';
import { Markdown } from '../ui/Markdown';
import { SkeletonRows } from '../ui/Small';
import { flagsIn, isFlagOn, isHidden, switchFlag } from './flags';
import { repoUrlOf, useSecrets } from './form/context';
import { ReviewPage } from './ReviewPage';
import { firstSecretPage, withoutSecrets } from './unkept';
import { usePages } from './usePages';

const SchemaForm = lazy(() => import('./form/SchemaForm'));

export type Values = Record<string, unknown>;

interface WizardProps {
  form: TemplateForm;
  templateRef: string;
  /** What the form begins with. */
  begin: Values;
  /** Tells forms of one template apart that began with other values. */
  beganWith: string;
}

interface Filled {
  values: Values;
  /** The last page that somebody has reached: those before it are in order. */
  at: number;
}

export function Wizard({ form: whole, templateRef, begin, beganWith }: WizardProps) {
  const flags = useMemo(() => flagsIn(whole.steps), [whole]);
  const [nSwitched, setSwitched] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: flags are kept in the browser
  const form = useMemo(
    () => ({ ...whole, steps: whole.steps.filter(({ schema }) => !isHidden(schema)) }),
    [whole, nSwitched],
  );
  const [round, setRound] = useState(0);
  const draft = useDraft<Filled>(`fill ${templateRef} ${beganWith}`, { values: begin, at: 0 });
  const forget = () => {
    draft.forget();
    setRound(round + 1);
  };
  return (
    <>
      <KeptNotice draft={{ isKept: draft.isKept, forget }} />
      {flags.length > 0 && <Flags flags={flags} onSwitch={() => setSwitched(nSwitched + 1)} />}
      <Pages
        key={`${round} ${nSwitched}`}
        form={form}
        templateRef={templateRef}
        filled={draft.value}
        onFilled={draft.set}
        onStarted={draft.forget}
      />
    </>
  );
}

/** Parts of a form that are still being tried out. */
function Flags({ flags, onSwitch }: { flags: string[]; onSwitch: () => void }) {
  return (
    <fieldset className="wizard-flags">
      <legend>Parts that are being tried out</legend>
      {flags.map(flag => (
        <label key={flag} className="wizard-wait">
          <input
            type="checkbox"
            checked={isFlagOn(flag)}
            onChange={event => {
              switchFlag(flag, event.target.checked);
              onSwitch();
            }}
          />
          {flag}
        </label>
      ))}
    </fieldset>
  );
}

interface PagesProps {
  form: TemplateForm;
  templateRef: string;
  filled: Filled;
  /** Keeps it for who leaves and comes back. */
  onFilled: (filled: Filled) => void;
  onStarted: () => void;
}

/** Where somebody goes on: secrets are not kept, so their page is filled in anew. */
function firstPage(pages: readonly JsonSchema[], at: number): number {
  const last = Math.min(at, pages.length);
  return Math.min(last, firstSecretPage(pages) ?? last);
}

/** What is filled in, and how far it is in order. */
function useFilled({ form, filled, onFilled }: PagesProps) {
  const schemas = useMemo(() => form.steps.map(({ schema }) => schema), [form]);
  const [values, setValues] = useState(filled.values);
  const [reached, setReached] = useState(() => firstPage(schemas, filled.at));
  // What forms add by themselves is nothing to keep.
  const isTouched = useRef(false);
  const keep = (next: Values, to: number) => {
    setValues(next);
    setReached(to);
    if (isTouched.current) onFilled({ values: withoutSecrets(next, schemas), at: to });
  };
  return { values, reached, keep, isTouched };
}

function Pages(props: PagesProps) {
  const { form, templateRef, onStarted } = props;
  const { values, reached, keep, isTouched } = useFilled(props);
  const { at, isAhead, isShown, go, stay } = usePages(form.steps.length, reached);
  const secrets = useSecrets();
  const host = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const touch = () => {
    isTouched.current = true;
  };
  useBlocker({ shouldBlockFn: () => false, enableBeforeUnload: () => isTouched.current });
  useFocusOnTurn(heading, at);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each page that is not the wanted one
  useEffect(() => {
    if (!isAhead) return;
    // Forward is as good as the button: the page is checked, and left when it is in order.
    const page = isShown() ? host.current?.querySelector('form') : undefined;
    if (page) page.requestSubmit();
    else stay();
  }, [isAhead, at]);
  const change = (next: Values) => {
    const isSame = JSON.stringify(next) === JSON.stringify(values);
    // What comes after it has to be looked at again.
    keep(next, isSame ? reached : at);
  };
  const pass = (next: Values) => {
    keep(next, Math.max(reached, at + 1));
    if (!isAhead) go(at + 1);
  };
  const page = form.steps[at];
  return (
    <div
      className="wizard"
      ref={host}
      onInputCapture={touch}
      onPointerDownCapture={touch}
      onKeyDownCapture={touch}
    >
      <Steps form={form} at={at} onGo={go} />
      <div className="wizard-page">
        <h2 ref={heading} tabIndex={-1}>
          {page?.title ?? 'Review'}
        </h2>
        {page?.description && <Markdown className="muted" text={page.description} />}
        {page ? (
          <Suspense fallback={<SkeletonRows n={4} />}>
            <SchemaForm
              key={at}
              page={page.schema}
              values={values}
              context={{ secrets, repoUrl: repoUrlOf(values) }}
              onChange={change}
              onSubmit={pass}
              onFaults={() => isAhead && stay()}
            >
              <Foot form={form} at={at} onBack={() => go(at - 1)} />
            </SchemaForm>
          </Suspense>
        ) : (
          <ReviewPage
            form={form}
            values={values}
            secrets={secrets.all}
            templateRef={templateRef}
            onBack={() => go(at - 1)}
            onStarted={() => {
              isTouched.current = false;
              onStarted();
            }}
          />
        )}
      </div>
    </div>
  );
}

/** The heading of a page has the focus when the page is turned. */
function useFocusOnTurn(heading: RefObject<HTMLElement | null>, at: number) {
  const before = useRef(at);
  useEffect(() => {
    if (before.current === at) return;
    before.current = at;
    requestAnimationFrame(() => heading.current?.focus());
  }, [heading, at]);
}

interface FootProps {
  form: TemplateForm;
  at: number;
  onBack: () => void;
}

function Foot({ form, at, onBack }: FootProps) {
  const labels = form.presentation?.buttonLabels;
  const isLast = at === form.steps.length - 1;
  return (
    <div className="wizard-foot">
      {at > 0 && <Button onClick={onBack}>{labels?.backButtonText ?? 'Back'}</Button>}
      <Button type="submit" variant="primary">
        {isLast ? (labels?.reviewButtonText ?? 'Review') : 'Next'}
      </Button>
    </div>
  );
}

interface StepsProps {
  form: TemplateForm;
  at: number;
  onGo: (step: number) => void;
}

function Steps({ form, at, onGo }: StepsProps) {
  const titles = [...form.steps.map(({ title }) => title), 'Review'];
  return (
    <nav aria-label="Pages of the form">
      <ol className="wizard-steps">
        {titles.map((title, index) => (
          <li key={`${index} ${title}`}>
            <button
              type="button"
              // Forward only through the page, which checks what was filled in.
              disabled={index > at}
              aria-current={index === at ? 'step' : undefined}
              onClick={() => index < at && onGo(index)}
            >
              <span className="wizard-mark" aria-hidden>
                {index < at ? <Check /> : index + 1}
              </span>
              {title}
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

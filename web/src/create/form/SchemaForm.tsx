/** A page of a template as a form. */

// Not the index, which wants the validator of its tests, too.
import Form from '@rjsf/core/lib/components/Form.js';
import type { ErrorSchema, RJSFSchema } from '@rjsf/utils';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { JsonSchema } from '../../api/scaffolder';
import { askPortal, checkWith } from './checks';
import type { FormContext } from './context';
import { extract } from './extract';
import { FIELDS } from './fields';
import { TEMPLATES } from './templates';
import { validator } from './validator';
import './form.css';

type Values = Record<string, unknown>;

interface SchemaFormProps {
  page: JsonSchema;
  values: Values;
  context: FormContext;
  onChange: (values: Values) => void;
  onSubmit: (values: Values) => void;
  /** It was to be submitted, and cannot be. */
  onFaults?: () => void;
  /** Buttons. */
  children: ReactNode;
}

export default function SchemaForm(props: SchemaFormProps) {
  const { page, values, context, onChange, onSubmit, onFaults, children } = props;
  const { schema, uiSchema } = useMemo(() => {
    const { title: _, description: __, ...rest } = page;
    return extract(rest);
  }, [page]);
  const host = useRef<HTMLDivElement>(null);
  const toFirstFault = () =>
    requestAnimationFrame(() => {
      const fault = host.current?.querySelector('.field-error');
      const field = fault?.closest('.field')?.querySelector<HTMLElement>('input,select,textarea');
      field?.focus();
    });
  const fail = () => {
    onFaults?.();
    toFirstFault();
  };
  const [late, setLate] = useState<ErrorSchema<Values>>();
  const isAsking = useRef(false);
  const isGone = useRef(false);
  useEffect(() => {
    isGone.current = false;
    return () => {
      isGone.current = true;
    };
  }, []);
  const submit = async (filled: Values) => {
    if (isAsking.current) return;
    isAsking.current = true;
    const faults = await askPortal(uiSchema, filled);
    isAsking.current = false;
    if (isGone.current) return;
    // The form has them on the page before the first one is looked for.
    flushSync(() => setLate(faults));
    if (faults) fail();
    else onSubmit(filled);
  };
  return (
    <div className="schema-form" ref={host}>
      <Form<Values, RJSFSchema, FormContext>
        schema={schema as RJSFSchema}
        uiSchema={uiSchema}
        formData={values}
        formContext={context}
        fields={FIELDS}
        templates={TEMPLATES}
        validator={validator as never}
        customValidate={checkWith(context)}
        showErrorList={false}
        noHtml5Validate
        experimental_defaultFormStateBehavior={{ allOf: 'populateDefaults' }}
        extraErrors={late}
        onChange={({ formData }) => {
          setLate(undefined);
          onChange(formData ?? {});
        }}
        onSubmit={({ formData }) => void submit(formData ?? {})}
        onError={fail}
      >
        {children}
      </Form>
    </div>
  );
}

/** A page of a template as a form. */

// Not the index, which wants the validator of its tests, too.
import Form from '@rjsf/core/lib/components/Form.js';
import type { CustomValidator, RJSFSchema } from '@rjsf/utils';
import { type ReactNode, useMemo, useRef } from 'react';
import { isRecord } from '../../api/entity';
import type { JsonSchema } from '../../api/scaffolder';
import { extract } from './extract';
import { FIELDS, type FormContext } from './fields';
import { missingOf } from './repoUrl';
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
  /** Buttons. */
  children: ReactNode;
}

const NAME = /^([A-Za-z0-9]+[-_.])*[A-Za-z0-9]{1,63}$/;

/** What fields know beyond their schema. */
const CHECKS: Record<string, (value: string) => string | undefined> = {
  EntityNamePicker: value =>
    NAME.test(value) && value.length <= 63
      ? undefined
      : 'has letters and digits, with - _ or . between them, at most 63 in all',
  RepoUrlPicker: value => {
    const missing = missingOf(value);
    return missing.length > 0 ? `still needs: ${missing.join(', ')}` : undefined;
  },
};

const checkFields: CustomValidator<Values, RJSFSchema, FormContext> = (data, errors, uiSchema) => {
  for (const [name, look] of Object.entries(uiSchema ?? {})) {
    const field = isRecord(look) ? look['ui:field'] : undefined;
    const value = data?.[name];
    if (typeof field !== 'string' || typeof value !== 'string') continue;
    const fault = CHECKS[field]?.(value);
    if (fault) errors[name]?.addError(fault);
  }
  return errors;
};

export default function SchemaForm(props: SchemaFormProps) {
  const { page, values, context, onChange, onSubmit, children } = props;
  const { schema, uiSchema } = useMemo(() => {
    const { title: _, description: __, ...rest } = page;
    return extract(rest);
  }, [page]);
  const host = useRef<HTMLDivElement>(null);
  const toFirstFault = () =>
    requestAnimationFrame(() => {
      const fault = host.current?.querySelector('.field-error');
      const field = fault
        ?.closest('.form-field')
        ?.querySelector<HTMLElement>('input,select,textarea');
      field?.focus();
    });
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
        customValidate={checkFields}
        showErrorList={false}
        noHtml5Validate
        experimental_defaultFormStateBehavior={{ allOf: 'populateDefaults' }}
        onChange={({ formData }) => onChange(formData ?? {})}
        onSubmit={({ formData }) => onSubmit(formData ?? {})}
        onError={toFirstFault}
      >
        {children}
      </Form>
    </div>
  );
}

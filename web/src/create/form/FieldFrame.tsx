/** Label, help and errors around a field of a form. */

import type { RJSFSchema } from '@rjsf/utils';
import type { ReactNode } from 'react';
import { Markdown } from '../../ui/Markdown';
import { useFaults } from './useFaults';

interface FieldFrameProps {
  schema: RJSFSchema;
  uiSchema?: Record<string, unknown>;
  name: string;
  required?: boolean;
  fieldPathId: { $id: string };
  rawErrors?: string[];
  /** Several inputs, each with a label of its own. */
  isGroup?: boolean;
  children: ReactNode;
}

export function FieldFrame(props: FieldFrameProps) {
  const { schema, uiSchema, name, required, fieldPathId, rawErrors = [], isGroup } = props;
  const look = (key: string) => {
    const value = uiSchema?.[`ui:${key}`];
    return typeof value === 'string' ? value : undefined;
  };
  const title = look('title') ?? schema.title ?? name;
  const help = look('help');
  const description = look('description') ?? schema.description;
  const label = (
    <>
      {title}
      {required && <span className="muted"> (needed)</span>}
    </>
  );
  const errorId = `${fieldPathId.$id}__error`;
  const host = useFaults<HTMLDivElement>(rawErrors.length > 0, errorId);
  return (
    <div className="field" ref={host}>
      {isGroup ? <strong>{label}</strong> : <label htmlFor={fieldPathId.$id}>{label}</label>}
      {description && <Markdown className="field-help" text={description} />}
      {props.children}
      <div id={errorId} className="field-faults">
        {rawErrors.map(error => (
          <span key={error} className="field-error">
            {title} {error}
          </span>
        ))}
      </div>
      {help && <span className="field-help">{help}</span>}
    </div>
  );
}

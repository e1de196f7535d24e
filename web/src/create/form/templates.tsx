/** How RJSF draws what is around the inputs, in the looks of this app. */

import type {
  ArrayFieldItemTemplateProps,
  FieldTemplateProps,
  IconButtonProps,
  MultiSchemaFieldTemplateProps,
  ObjectFieldTemplateProps,
  RJSFSchema,
  TemplatesType,
} from '@rjsf/utils';
import { ArrowDown, ArrowUp, Copy, Plus, Trash2, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { isRecord } from '../../api/entity';
import { Button, IconButton } from '../../ui/Button';
import { Markdown } from '../../ui/Markdown';
import { useFaults } from './useFaults';

/** Fields that come with a label of their own. */
const OWN_LABEL = ['boolean', 'object', 'array'];

/** Whether a list is chosen from at once, without a frame for each item. */
function isChoice({ items }: RJSFSchema, widget: unknown): boolean {
  return typeof widget === 'string' || (isRecord(items) && Array.isArray(items.enum));
}

function FieldTemplate(props: FieldTemplateProps) {
  const { id, label, required, hidden, schema, uiSchema, children, rawErrors, rawHelp } = props;
  const { rawDescription, displayLabel, registry } = props;
  const errorId = `${id}__error`;
  const host = useFaults<HTMLDivElement>(Boolean(rawErrors?.length), errorId);
  if (hidden) return <div hidden>{children}</div>;
  const field = uiSchema?.['ui:field'];
  const isUnknown = typeof field === 'string' && !(field in registry.fields);
  if (field !== undefined && !isUnknown) return <div className="form-field">{children}</div>;
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  const isGroup = type === 'array' && isChoice(schema, uiSchema?.['ui:widget']);
  const hasLabel = isGroup || ((displayLabel || isUnknown) && !OWN_LABEL.includes(type ?? ''));
  const Label = isGroup ? 'strong' : 'label';
  return (
    // What is below an object or a list has faults of its own.
    <div className="form-field field" ref={hasLabel ? host : undefined}>
      {hasLabel && (
        <Label htmlFor={isGroup ? undefined : id}>
          {label}
          {required && <span className="muted"> (needed)</span>}
        </Label>
      )}
      {hasLabel && rawDescription && <Markdown className="field-help" text={rawDescription} />}
      {children}
      <div id={errorId} className="field-faults">
        {rawErrors?.map(error => (
          <span key={error} className="field-error">
            {label} {error}
          </span>
        ))}
      </div>
      {isUnknown && (
        <span className="field-help">
          The template asks for the field <code>{field}</code>, which this portal does not have.
        </span>
      )}
      {rawHelp && <span className="field-help">{rawHelp}</span>}
    </div>
  );
}

function ObjectFieldTemplate(props: ObjectFieldTemplateProps) {
  const { fieldPathId, title, description, properties, registry, schema, uiSchema } = props;
  const { AddButton } = registry.templates.ButtonTemplates;
  // What stands beside a choice has a place of its own in the path.
  const isRoot = fieldPathId.path.every(part => part === 'XxxOf');
  const canAdd = Boolean(schema.additionalProperties) && !props.readonly && !props.disabled;
  if (!isRoot && properties.length === 0 && !canAdd) {
    // All of it depends on a choice, which stands below.
    return (
      <>
        {title && <strong>{title}</strong>}
        <Description of={description} />
      </>
    );
  }
  return (
    <fieldset className="form-group" data-root={isRoot ? '' : undefined}>
      {!isRoot && title && <legend>{title}</legend>}
      {!isRoot && <Description of={description} />}
      {properties.map(property => property.content)}
      {canAdd && (
        <AddButton onClick={props.onAddProperty} uiSchema={uiSchema} registry={registry} />
      )}
    </fieldset>
  );
}

function Description({ of: text }: { of: ReactNode }) {
  return typeof text === 'string' && text !== '' ? (
    <Markdown className="field-help" text={text} />
  ) : null;
}

/** One of several shapes, and which. */
function MultiSchemaFieldTemplate({ selector, optionSchemaField }: MultiSchemaFieldTemplateProps) {
  return (
    <div className="form-choice">
      {/* biome-ignore lint/a11y/noLabelWithoutControl: the control is the selector */}
      <label className="field">
        <span className="muted">Which</span>
        {selector}
      </label>
      {optionSchemaField}
    </div>
  );
}

function ArrayFieldItemTemplate({
  children,
  buttonsProps,
  hasToolbar,
  index,
}: ArrayFieldItemTemplateProps) {
  const { hasMoveUp, hasMoveDown, hasRemove } = buttonsProps;
  return (
    <div className="form-item">
      <div className="grow">{children}</div>
      {hasToolbar && (
        <div className="form-item-tools">
          {(hasMoveUp || hasMoveDown) && (
            <>
              <IconButton
                label={`Move item ${index + 1} up`}
                disabled={!hasMoveUp}
                onClick={buttonsProps.onMoveUpItem}
              >
                <ArrowUp />
              </IconButton>
              <IconButton
                label={`Move item ${index + 1} down`}
                disabled={!hasMoveDown}
                onClick={buttonsProps.onMoveDownItem}
              >
                <ArrowDown />
              </IconButton>
            </>
          )}
          {hasRemove && (
            <IconButton label={`Remove item ${index + 1}`} onClick={buttonsProps.onRemoveItem}>
              <Trash2 />
            </IconButton>
          )}
        </div>
      )}
    </div>
  );
}

function tool(label: string, icon: ReactNode) {
  return function Tool({ onClick, disabled }: IconButtonProps) {
    return (
      <IconButton label={label} disabled={disabled} onClick={onClick}>
        {icon}
      </IconButton>
    );
  };
}

function AddButton({ onClick, disabled }: IconButtonProps) {
  return (
    <div>
      <Button size="small" disabled={disabled} onClick={onClick}>
        <Plus aria-hidden /> Add
      </Button>
    </div>
  );
}

/** Errors stand at their fields. */
const nothing = () => null;

export const TEMPLATES: Partial<TemplatesType> = {
  FieldTemplate,
  ObjectFieldTemplate,
  MultiSchemaFieldTemplate,
  ArrayFieldItemTemplate,
  ErrorListTemplate: nothing,
  ButtonTemplates: {
    AddButton,
    ClearButton: tool('Clear', <X />),
    CopyButton: tool('Copy', <Copy />),
    MoveDownButton: tool('Move down', <ArrowDown />),
    MoveUpButton: tool('Move up', <ArrowUp />),
    RemoveButton: tool('Remove', <Trash2 />),
    SubmitButton: nothing,
  },
};

/** What is sent or received, member by member. Types open when they are asked for: they may have no end. */

import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { Markdown } from '../ui/Markdown';
import { Badge } from '../ui/Small';
import { type Definition, type Field, field, type Shape, typeOf } from './model';

type Types = Pick<Definition, 'types'>;

/** Members that are shown without being asked for. */
const MAX_SHOWN = 100;

interface FieldListProps {
  fields: Field[];
  types: Types;
  /** Whether members of these are shown at once. */
  isOpen?: boolean;
}

export function FieldList({ fields, types, isOpen = false }: FieldListProps) {
  const [n, setN] = useState(MAX_SHOWN);
  return (
    <ul className="shape">
      {fields.slice(0, n).map((it, at) => (
        <FieldRow key={`${at} ${it.name} ${it.place}`} field={it} types={types} isOpen={isOpen} />
      ))}
      {fields.length > n && (
        <li>
          <button type="button" className="link-btn" onClick={() => setN(fields.length)}>
            Show {fields.length - n} more
          </button>
        </li>
      )}
    </ul>
  );
}

/** What a shape consists of: members, or the shapes that it may have. */
export function membersOf(types: Types, shape: Shape): Field[] {
  const type = typeOf(types, shape);
  const parts = type.parts?.shapes.map(it => field(type.parts?.word ?? '', it)) ?? [];
  return [...type.fields, ...parts];
}

interface FieldRowProps {
  field: Field;
  types: Types;
  isOpen: boolean;
}

function FieldRow({ field: it, types, isOpen: isOpenFirst }: FieldRowProps) {
  const [isOpen, setOpen] = useState(isOpenFirst);
  const members = membersOf(types, it.shape);
  const canOpen = members.length + it.inputs.length > 0;
  const head = (
    <>
      <code className="shape-name">{it.name}</code>
      <code className="shape-type">{it.shape.label}</code>
      {it.place && <span className="muted">{it.place}</span>}
    </>
  );
  return (
    <li>
      <div className="shape-row">
        {canOpen ? (
          <button
            type="button"
            className="shape-toggle"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            <ChevronRight aria-hidden />
            {head}
          </button>
        ) : (
          <span className="shape-leaf">{head}</span>
        )}
        {it.isRequired && <span className="shape-needed">needed</span>}
        {it.deprecated !== undefined && <Deprecated reason={it.deprecated} />}
      </div>
      <Words field={it} type={typeOf(types, it.shape)} />
      {isOpen && canOpen && (
        <>
          {it.inputs.length > 0 && (
            <div className="shape-inputs">
              <span className="muted">Arguments</span>
              <FieldList fields={it.inputs} types={types} />
            </div>
          )}
          {members.length > 0 && <FieldList fields={members} types={types} />}
        </>
      )}
    </li>
  );
}

export function Deprecated({ reason }: { reason: string }) {
  return (
    <>
      <Badge tone="warn">deprecated</Badge>
      {reason && <span className="muted">{reason}</span>}
    </>
  );
}

/** What a type is called in its language says nothing where it is used. */
const KINDS = ['type', 'input', 'interface', 'enum', 'union', 'scalar', 'message'];

/** Description, rules and values of a member. */
function Words({ field: it, type }: { field: Field; type: Shape }) {
  const text = it.description ?? it.shape.description ?? type.description;
  const all = new Set([...it.shape.rules, ...type.rules]);
  const rules = [...all].filter(rule => !KINDS.includes(rule));
  const values = it.shape.values.length > 0 ? it.shape.values : type.values;
  if (!text && rules.length === 0 && values.length === 0) return null;
  return (
    <div className="shape-words">
      {text && <Markdown text={text} />}
      {rules.length > 0 && <div className="muted">{rules.join(' · ')}</div>}
      {values.length > 0 && <Values values={values} />}
    </div>
  );
}

export function Values({ values }: { values: Shape['values'] }) {
  const isExplained = values.some(it => it.description || it.deprecated !== undefined);
  if (!isExplained) {
    return (
      <div className="shape-values">
        {values.map(({ name }) => (
          <code key={name}>{name}</code>
        ))}
      </div>
    );
  }
  return (
    <ul className="shape">
      {values.map(({ name, description, deprecated }) => (
        <li key={name}>
          <div className="shape-row">
            <code>{name}</code>
            {deprecated !== undefined && <Deprecated reason={deprecated} />}
            {description && <span className="muted">{description}</span>}
          </div>
        </li>
      ))}
    </ul>
  );
}

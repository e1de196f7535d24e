/** Policies that depend on the resource: which permissions, on what, and under which rules. */

import { useQuery } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import type { Criteria, PolicyAction, Rule } from '../../api/permission';
import { Button, IconButton } from '../../ui/Button';
import { Card } from '../../ui/Page';
import { Notice, Skeleton } from '../../ui/Small';
import { CriteriaView } from './CriteriaView';
import { fromLines, type Line, type Lines, readParam, toLines } from './criteria';
import type { DraftCondition } from './draft';
import { roleQueries } from './queries';

const ACTIONS: PolicyAction[] = ['read', 'update', 'delete', 'create', 'use'];

interface ConditionsFieldProps {
  conditions: DraftCondition[];
  onChange: (conditions: DraftCondition[]) => void;
}

export function ConditionsField({ conditions, onChange }: ConditionsFieldProps) {
  const { data: plugins, error } = useQuery(roleQueries.rules);
  const targets = (plugins ?? []).flatMap(({ pluginId, rules }) =>
    [...new Set(rules.map(rule => rule.resourceType))].map(resourceType => ({
      pluginId,
      resourceType,
      rules: rules.filter(rule => rule.resourceType === resourceType),
    })),
  );
  const first = targets[0];
  const add = () => {
    if (!first) return;
    const { pluginId, resourceType, rules } = first;
    const line = { isNot: false, rule: rules[0]?.name ?? '', params: {} };
    const criteria = fromLines({ join: 'anyOf', lines: [line] }, resourceType);
    const made: DraftCondition = {
      key: crypto.randomUUID(),
      pluginId,
      resourceType,
      permissionMapping: ['read'],
      conditions: criteria,
    };
    onChange([...conditions, made]);
  };
  return (
    <Card
      title="What depends on the resource"
      count={conditions.length}
      actions={
        <Button size="small" disabled={!first} onClick={add}>
          <Plus aria-hidden /> Add a condition
        </Button>
      }
    >
      <div className="column">
        {error && <Notice tone="error">{error.message}</Notice>}
        {!plugins && !error && <Skeleton />}
        {conditions.length === 0 && (
          <p className="field-help">
            Such as: may delete what they own. A role has at most one condition for a permission.
          </p>
        )}
        {conditions.map(condition => (
          <ConditionForm
            key={condition.key}
            condition={condition}
            targets={targets}
            onChange={next => onChange(conditions.map(it => (it.key === next.key ? next : it)))}
            onRemove={() => onChange(conditions.filter(it => it.key !== condition.key))}
          />
        ))}
      </div>
    </Card>
  );
}

interface Target {
  pluginId: string;
  resourceType: string;
  rules: Rule[];
}

interface ConditionFormProps {
  condition: DraftCondition;
  targets: Target[];
  onChange: (condition: DraftCondition) => void;
  onRemove: () => void;
}

function ConditionForm({ condition, targets, onChange, onRemove }: ConditionFormProps) {
  const id = useId();
  const target = targets.find(it => it.resourceType === condition.resourceType);
  const lines = toLines(condition.conditions);
  const move = (resourceType: string) => {
    const next = targets.find(it => it.resourceType === resourceType);
    if (!next) return;
    const line = { isNot: false, rule: next.rules[0]?.name ?? '', params: {} };
    onChange({
      ...condition,
      resourceType,
      pluginId: next.pluginId,
      conditions: fromLines({ join: 'anyOf', lines: [line] }, resourceType),
    });
  };
  return (
    <fieldset className="rule-form" aria-label="Condition">
      <div className="rule-row">
        <div className="field">
          <label htmlFor={id}>On</label>
          <select
            id={id}
            className="select"
            value={condition.resourceType}
            onChange={event => move(event.target.value)}
          >
            {targets.map(({ resourceType, pluginId }) => (
              <option key={resourceType} value={resourceType}>
                {resourceType} ({pluginId})
              </option>
            ))}
          </select>
        </div>
        <Actions condition={condition} onChange={onChange} />
        <IconButton label="Remove the condition" onClick={onRemove}>
          <Trash2 />
        </IconButton>
      </div>
      {lines ? (
        <LinesForm
          lines={lines}
          rules={target?.rules ?? []}
          onChange={next =>
            onChange({ ...condition, conditions: fromLines(next, condition.resourceType) })
          }
        />
      ) : (
        <JsonForm
          criteria={condition.conditions}
          onChange={conditions => onChange({ ...condition, conditions })}
        />
      )}
    </fieldset>
  );
}

function Actions({ condition, onChange }: Pick<ConditionFormProps, 'condition' | 'onChange'>) {
  const named = condition.permissionMapping.filter(it => typeof it !== 'string');
  const toggle = (action: PolicyAction) => {
    const has = condition.permissionMapping.includes(action);
    const next = has
      ? condition.permissionMapping.filter(it => it !== action)
      : [...condition.permissionMapping, action];
    // Without an action it would be about nothing.
    if (next.length > 0) onChange({ ...condition, permissionMapping: next });
  };
  return (
    <fieldset className="segmented" aria-label="May">
      {ACTIONS.map(action => (
        <button
          key={action}
          type="button"
          aria-pressed={condition.permissionMapping.includes(action)}
          onClick={() => toggle(action)}
        >
          {action}
        </button>
      ))}
      {named.map(({ name }) => (
        <button key={name} type="button" aria-pressed disabled>
          {name}
        </button>
      ))}
    </fieldset>
  );
}

interface LinesFormProps {
  lines: Lines;
  rules: Rule[];
  onChange: (lines: Lines) => void;
}

function LinesForm({ lines, rules, onChange }: LinesFormProps) {
  const set = (at: number, line: Line) =>
    onChange({ ...lines, lines: lines.lines.map((it, index) => (index === at ? line : it)) });
  const remove = (at: number) =>
    onChange({ ...lines, lines: lines.lines.filter((_, index) => index !== at) });
  const add = () =>
    onChange({
      ...lines,
      lines: [...lines.lines, { isNot: false, rule: rules[0]?.name ?? '', params: {} }],
    });
  return (
    <>
      <div className="page-actions">
        <span>if</span>
        <select
          className="select"
          aria-label="How the rules are joined"
          value={lines.join}
          onChange={event => onChange({ ...lines, join: event.target.value as Lines['join'] })}
        >
          <option value="anyOf">any of these holds</option>
          <option value="allOf">all of these hold</option>
        </select>
      </div>
      {lines.lines.map((line, at) => (
        <LineForm
          key={at}
          line={line}
          rules={rules}
          canRemove={lines.lines.length > 1}
          onChange={next => set(at, next)}
          onRemove={() => remove(at)}
        />
      ))}
      <div>
        <Button size="small" onClick={add}>
          <Plus aria-hidden /> Add a rule
        </Button>
      </div>
    </>
  );
}

interface LineFormProps {
  line: Line;
  rules: Rule[];
  canRemove: boolean;
  onChange: (line: Line) => void;
  onRemove: () => void;
}

function LineForm({ line, rules, canRemove, onChange, onRemove }: LineFormProps) {
  const rule = rules.find(({ name }) => name === line.rule);
  const params = Object.entries(rule?.paramsSchema?.properties ?? {});
  return (
    <div className="rule-row">
      <select
        className="select"
        aria-label="Whether it must hold"
        value={line.isNot ? 'not' : ''}
        onChange={event => onChange({ ...line, isNot: event.target.value === 'not' })}
      >
        <option value="">it does</option>
        <option value="not">it does not</option>
      </select>
      <select
        className="select"
        aria-label="Rule"
        title={rule?.description}
        value={line.rule}
        onChange={event => onChange({ ...line, rule: event.target.value, params: {} })}
      >
        {!rule && <option value={line.rule}>{line.rule}</option>}
        {rules.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      {params.map(([name, schema]) => (
        <ParamField
          key={`${line.rule} ${name}`}
          name={name}
          type={schema.type}
          help={schema.description}
          value={line.params[name]}
          onChange={value => {
            const { [name]: _, ...others } = line.params;
            const isEmpty = value === '' || (Array.isArray(value) && value.length === 0);
            onChange({ ...line, params: isEmpty ? others : { ...line.params, [name]: value } });
          }}
        />
      ))}
      {canRemove && (
        <IconButton label="Remove the rule" onClick={onRemove}>
          <Trash2 />
        </IconButton>
      )}
    </div>
  );
}

interface ParamFieldProps {
  name: string;
  type: string | undefined;
  help: string | undefined;
  value: unknown;
  onChange: (value: unknown) => void;
}

function ParamField({ name, type, help, value, onChange }: ParamFieldProps) {
  const id = useId();
  const [text, setText] = useState(Array.isArray(value) ? value.join(', ') : String(value ?? ''));
  return (
    <div className="field">
      <label htmlFor={id}>{name}</label>
      <input
        id={id}
        className="input"
        title={help}
        placeholder={name === 'claims' ? '$ownerRefs' : undefined}
        value={text}
        onChange={event => {
          setText(event.target.value);
          onChange(readParam(event.target.value, type));
        }}
      />
    </div>
  );
}

/** For conditions that are nested deeper than the form goes. */
function JsonForm({
  criteria,
  onChange,
}: {
  criteria: Criteria;
  onChange: (criteria: Criteria) => void;
}) {
  const id = useId();
  const [text, setText] = useState(() => JSON.stringify(criteria, null, 2));
  const [fault, setFault] = useState<string>();
  const change = (next: string) => {
    setText(next);
    try {
      onChange(JSON.parse(next) as Criteria);
      setFault(undefined);
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div className="field">
      <label htmlFor={id}>The condition as JSON</label>
      <textarea
        id={id}
        className="input mono"
        rows={10}
        value={text}
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}h`}
        onChange={event => change(event.target.value)}
      />
      <span id={`${id}h`} className={fault ? 'field-error' : 'field-help'}>
        {fault ?? 'It is nested deeper than the form goes.'}
      </span>
      <CriteriaView criteria={criteria} />
    </div>
  );
}

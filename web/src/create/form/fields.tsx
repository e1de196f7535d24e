/** The fields that templates ask for by name (`ui:field`). */

import type { FieldProps, RJSFSchema } from '@rjsf/utils';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { catalog } from '../../api/catalog';
import { isRecord, parseRef } from '../../api/entity';
import { useUser } from '../../session/useSession';
import { EntityRefList, EntitySearch } from '../../ui/EntityPicker';
import { both, queryOf } from './catalogFilter';
import { FieldFrame } from './FieldFrame';
import { type PartName, partsFor, readRepoUrl, writeRepoUrl } from './repoUrl';

export interface FormContext {
  secrets: Record<string, string>;
  setSecret: (name: string, value: string) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: values are of any type until a field reads them
type Props = FieldProps<any, RJSFSchema, FormContext>;

function optionsOf({ uiSchema }: Props): Record<string, unknown> {
  const options = uiSchema?.['ui:options'];
  return isRecord(options) ? options : {};
}

const set = (props: Props, value: unknown) => props.onChange(value, props.fieldPathId.path);
const isStill = ({ disabled, readonly }: Props) => disabled === true || readonly === true;

/** Shortens a reference as the template wants it: without what is there by default. */
function written(ref: string, options: Record<string, unknown>): string {
  if (options.defaultKind === undefined && options.defaultNamespace === undefined) return ref;
  const { kind, namespace, name } = parseRef(ref, String(options.defaultKind ?? 'component'));
  const hasNamespace = options.defaultNamespace !== false && options.defaultNamespace === namespace;
  const short = hasNamespace ? name : `${namespace}/${name}`;
  return options.defaultKind?.toString().toLowerCase() === kind ? short : `${kind}:${short}`;
}

function EntityField(props: Props & { kinds?: string[]; isOwned?: boolean }) {
  const options = optionsOf(props);
  const user = useUser();
  const given = queryOf(options, props.kinds);
  const query = props.isOwned
    ? both(given, { 'relations.ownedBy': { $in: user.ownershipEntityRefs } })
    : given;
  return (
    <FieldFrame {...props}>
      <EntitySearch
        id={props.fieldPathId.$id}
        query={query}
        value={props.formData}
        allowUnknown={options.allowArbitraryValues !== false}
        isDisabled={isStill(props)}
        isInvalid={(props.rawErrors?.length ?? 0) > 0}
        placeholder={props.uiSchema?.['ui:placeholder']}
        onPick={ref => set(props, ref === '' ? undefined : written(ref, options))}
      />
    </FieldFrame>
  );
}

function EntityPicker(props: Props) {
  return <EntityField {...props} />;
}

function OwnedEntityPicker(props: Props) {
  return <EntityField {...props} isOwned />;
}

function OwnerPicker(props: Props) {
  return <EntityField {...props} kinds={['Group', 'User']} />;
}

function MultiEntityPicker(props: Props) {
  const options = optionsOf(props);
  const refs = Array.isArray(props.formData) ? props.formData : [];
  return (
    <FieldFrame {...props}>
      <EntityRefList
        id={props.fieldPathId.$id}
        refs={refs}
        query={queryOf(options)}
        allowUnknown={options.allowArbitraryValues !== false}
        isDisabled={isStill(props)}
        onChange={next => set(props, next.length > 0 ? next : undefined)}
      />
    </FieldFrame>
  );
}

function MyGroupsPicker(props: Props) {
  const user = useUser();
  const groups = user.ownershipEntityRefs.filter(ref => ref.startsWith('group:'));
  return (
    <FieldFrame {...props}>
      <select
        id={props.fieldPathId.$id}
        className="form-control"
        value={props.formData ?? ''}
        disabled={isStill(props)}
        onChange={event => set(props, event.target.value || undefined)}
      >
        <option value="">Choose one of your groups</option>
        {groups.map(ref => (
          <option key={ref} value={ref}>
            {parseRef(ref).name}
          </option>
        ))}
      </select>
    </FieldFrame>
  );
}

function TextField(props: Props & { type?: string; placeholder?: string }) {
  return (
    <FieldFrame {...props}>
      <input
        id={props.fieldPathId.$id}
        className="form-control"
        type={props.type ?? 'text'}
        value={props.formData ?? ''}
        disabled={isStill(props)}
        // The template asks for it.
        // biome-ignore lint/a11y/noAutofocus: see above
        autoFocus={props.autofocus === true || props.uiSchema?.['ui:autofocus'] === true}
        placeholder={props.uiSchema?.['ui:placeholder'] ?? props.placeholder}
        aria-invalid={(props.rawErrors?.length ?? 0) > 0}
        onChange={event => set(props, event.target.value || undefined)}
        onBlur={() => props.onBlur(props.fieldPathId.$id, props.formData)}
      />
    </FieldFrame>
  );
}

function EntityNamePicker(props: Props) {
  return <TextField {...props} />;
}

/** Kept apart from the other values: it is sent as a secret and shown to nobody. */
function Secret(props: Props) {
  const context = props.registry.formContext;
  const value = context.secrets[props.name] ?? '';
  return (
    <FieldFrame {...props}>
      <input
        id={props.fieldPathId.$id}
        className="form-control"
        type="password"
        autoComplete="off"
        value={value}
        disabled={isStill(props)}
        onChange={event => {
          const next = event.target.value;
          context.setSecret(props.name, next);
          set(props, next === '' ? undefined : '*'.repeat(next.length));
        }}
      />
    </FieldFrame>
  );
}

function EntityTagsPicker(props: Props) {
  const { kinds, showCounts } = optionsOf(props);
  const tags: string[] = Array.isArray(props.formData) ? props.formData : [];
  const [text, setText] = useState('');
  const query = Array.isArray(kinds) ? { kind: { $in: kinds } } : undefined;
  const { data } = useQuery({
    queryKey: ['tags', query],
    queryFn: ({ signal }) =>
      catalog.facets(['metadata.tags'], query, signal).then(all => all['metadata.tags'] ?? []),
    staleTime: 60_000,
  });
  const id = props.fieldPathId.$id;
  const add = () => {
    const tag = text.trim().toLowerCase();
    if (tag && !tags.includes(tag)) set(props, [...tags, tag]);
    setText('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ',') return;
    event.preventDefault();
    add();
  };
  return (
    <FieldFrame {...props}>
      <div className="tag-list">
        {tags.map(tag => (
          <button
            key={tag}
            type="button"
            className="chip"
            title={`Remove ${tag}`}
            onClick={() =>
              set(
                props,
                tags.filter(other => other !== tag),
              )
            }
          >
            {tag} ✕
          </button>
        ))}
      </div>
      <input
        id={id}
        className="form-control"
        list={`${id}-tags`}
        value={text}
        disabled={isStill(props)}
        placeholder="A tag, then Enter"
        onChange={event => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={add}
      />
      <datalist id={`${id}-tags`}>
        {data?.map(({ value, count }) => (
          <option key={value} value={value}>
            {showCounts ? `${value} (${count})` : value}
          </option>
        ))}
      </datalist>
    </FieldFrame>
  );
}

const LABELS: Record<PartName, string> = {
  owner: 'Owner',
  organization: 'Organization',
  workspace: 'Workspace',
  project: 'Project',
  repo: 'Repository',
};
/** The option that lists what a part may be. */
const ALLOWED: Record<PartName, string> = {
  owner: 'allowedOwners',
  organization: 'allowedOrganizations',
  workspace: 'allowedOwners',
  project: 'allowedProjects',
  repo: 'allowedRepos',
};

function RepoUrlPicker(props: Props) {
  const options = optionsOf(props);
  const hosts = texts(options.allowedHosts);
  const parts = readRepoUrl(props.formData);
  const host = parts.host || hosts[0] || '';
  const change = (part: object) => {
    const next = { ...parts, host, ...part };
    for (const name of partsFor(next.host)) {
      const only = texts(options[ALLOWED[name]]);
      if (!next[name] && only.length > 0) next[name] = only[0];
    }
    set(props, writeRepoUrl(next));
  };
  const labels: Record<string, unknown> = { owner: options.ownerLabel, repo: options.repoLabel };
  return (
    <FieldFrame {...props} isGroup>
      <div className="repo-parts">
        <Part label="Host" value={host} allowed={hosts} onChange={it => change({ host: it })} />
        {partsFor(host).map(name => (
          <Part
            key={name}
            label={typeof labels[name] === 'string' ? labels[name] : LABELS[name]}
            value={parts[name] ?? ''}
            allowed={texts(options[ALLOWED[name]])}
            onChange={value => change({ [name]: value })}
          />
        ))}
      </div>
    </FieldFrame>
  );
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
}

interface PartProps {
  label: string;
  value: string;
  allowed: string[];
  onChange: (value: string) => void;
}

function Part({ label, value, allowed, onChange }: PartProps): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {allowed.length > 0 ? (
        <select
          id={id}
          className="form-control"
          value={value}
          onChange={event => onChange(event.target.value)}
        >
          {!allowed.includes(value) && <option value={value}>{value || 'Choose'}</option>}
          {allowed.map(item => (
            <option key={item}>{item}</option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          className="form-control"
          value={value}
          placeholder={label === 'Host' ? 'github.com' : undefined}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </div>
  );
}

function RepoBranchPicker(props: Props) {
  return <TextField {...props} placeholder="main" />;
}

function RepoOwnerPicker(props: Props) {
  return <TextField {...props} />;
}

export const FIELDS = {
  EntityPicker,
  OwnedEntityPicker,
  OwnerPicker,
  MultiEntityPicker,
  MyGroupsPicker,
  EntityNamePicker,
  EntityTagsPicker,
  RepoUrlPicker,
  RepoBranchPicker,
  RepoOwnerPicker,
  Secret,
};

/** The fields that templates ask for by name (`ui:field`). */

import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type ReactNode, useState } from 'react';
import { catalog } from '../../api/catalog';
import { parseRef, refTextOf } from '../../api/entity';
import { summaryQuery } from '../../api/queries';
import { useUser } from '../../session/useSession';
import { EntityLink } from '../../ui/EntityLink';
import { EntityRefList, EntitySearch } from '../../ui/EntityPicker';
import { useSettled } from '../../ui/settled';
import { both, queryOf } from './catalogFilter';
import { refOfField } from './checks';
import { written } from './entityRef';
import { FieldFrame } from './FieldFrame';
import { type FieldPropsHere, isStill, optionsOf, set } from './field';
import { RepoBranchPicker, RepoOwnerPicker, RepoUrlPicker } from './repo/RepoFields';

type Props = FieldPropsHere;

function EntityField(props: Props & { kinds?: string[]; isOwned?: boolean }) {
  const options = optionsOf(props);
  const user = useUser();
  const given = queryOf(options, props.kinds);
  const query = props.isOwned
    ? both(given, { 'relations.ownedBy': { $in: user.ownershipEntityRefs } })
    : given;
  const [refused, setRefused] = useState<string>();
  const rawErrors = [
    ...(props.rawErrors ?? []),
    ...(refused ? [`is chosen from the list, which does not have “${refused}”`] : []),
  ];
  return (
    <FieldFrame {...props} rawErrors={rawErrors}>
      <EntitySearch
        id={props.fieldPathId.$id}
        query={query}
        value={props.formData}
        allowUnknown={options.allowArbitraryValues !== false}
        isDisabled={isStill(props)}
        isInvalid={rawErrors.length > 0}
        placeholder={props.uiSchema?.['ui:placeholder']}
        onPick={ref => set(props, ref === '' ? undefined : written(ref, options))}
        onClear={() => set(props, undefined)}
        onRefused={setRefused}
      />
      <KnownNote value={props.formData} options={options} />
    </FieldFrame>
  );
}

/** Says so where the catalog has no such entity, which may be right. */
function KnownNote({ value, options }: { value: unknown; options: Record<string, unknown> }) {
  const ref = typeof value === 'string' && value !== '' ? refOfField({ value, options }) : '';
  const { data } = useQuery({ ...summaryQuery(ref), enabled: ref !== '' });
  if (ref === '' || data !== null) return null;
  return (
    <span className="field-help" role="status">
      The catalog has no <code>{ref}</code> that you may see.
    </span>
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

function TextField(props: Props & { type?: string; placeholder?: string; children?: ReactNode }) {
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
      {props.children}
    </FieldFrame>
  );
}

function EntityNamePicker(props: Props) {
  return (
    <TextField {...props}>
      <NamesakeNote name={props.formData} />
    </TextField>
  );
}

const SETTLE_MS = 400;
const MAX_NAMESAKES = 3;

/** What is called so already, once nobody types any more. */
function NamesakeNote({ name }: { name: unknown }) {
  const typed = typeof name === 'string' ? name.toLowerCase() : '';
  const settled = useSettled(typed, SETTLE_MS);
  const { data } = useQuery({
    queryKey: ['namesakes', settled],
    queryFn: ({ signal }) =>
      catalog.query(
        {
          query: { 'metadata.name': settled },
          limit: MAX_NAMESAKES,
          fields: ['kind', 'metadata.name', 'metadata.namespace'],
        },
        signal,
      ),
    enabled: settled !== '',
    staleTime: 30_000,
  });
  if (!data || data.items.length === 0 || settled !== typed) return null;
  return (
    <span className="field-help" role="status">
      There is something of this name already:{' '}
      {data.items.map(entity => (
        <span key={refTextOf(entity)}>
          <EntityLink entityRef={refTextOf(entity)} />{' '}
        </span>
      ))}
    </span>
  );
}

/** Kept apart from the other values: it is sent as a secret and shown to nobody. */
function Secret(props: Props) {
  const { secrets } = props.registry.formContext;
  const value = secrets.all[props.name] ?? '';
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
          secrets.set(props.name, next);
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

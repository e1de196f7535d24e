/** Filters with counts; a click writes the query. */

import { useState } from 'react';
import type { FacetValue } from '../api/catalog';
import { parseRef, shortRef } from '../api/entity';
import { Button } from '../ui/Button';
import { KindIcon } from '../ui/KindIcon';
import { kindLook } from '../ui/kinds';
import { formatCount, Skeleton } from '../ui/Small';
import { type Facets, useFacets } from './facets';
import { type Asker, FLAGS, KEYS, type Query, setTerm, toggleTerm, valuesOf } from './query';

interface FacetPanelProps {
  query: Query;
  asker: Asker;
  onChange: (query: Query) => void;
  /** Facets that make no sense here. */
  without?: string[];
}

/** Values shown before somebody asks for more. */
const FEW = 6;
/** Beyond this a list needs a search of its own. */
const MANY = 12;
const MAX_SHOWN = 200;

export function FacetPanel({ query, asker, onChange, without = [] }: FacetPanelProps) {
  const { values, error, retry } = useFacets(query, asker);
  const facets: Record<string, Counted[] | undefined> =
    query.text === '' ? values : withoutCounts(values);
  const rest = ['type', 'lifecycle', 'owner', 'tag', 'namespace'].filter(
    key => !without.includes(key),
  );
  return (
    <div className="facets">
      {!without.includes('kind') && (
        <KindFacet values={error ? [] : facets.kind} query={query} onChange={onChange} />
      )}
      <fieldset className="facet">
        <legend>Show</legend>
        {Object.entries(FLAGS).map(([flag, label]) => (
          <label className="facet-value" key={flag}>
            <input
              type="checkbox"
              checked={valuesOf(query, 'is').includes(flag)}
              onChange={() => onChange(toggleTerm(query, 'is', flag))}
            />
            <span className="truncate grow">{label}</span>
          </label>
        ))}
      </fieldset>
      {error && <Failed error={error} onRetry={retry} />}
      {!error &&
        rest.map(key => (
          <Facet key={key} id={key} values={facets[key]} query={query} onChange={onChange} />
        ))}
    </div>
  );
}

/** The table beside it says more; filters can still be written. */
function Failed({ error, onRetry }: { error: Error; onRetry: () => void }) {
  return (
    <div className="facet" role="alert">
      <p className="muted">The counts could not be loaded: {error.message}</p>
      <Button size="small" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

/** A value of a facet, with how often it is there if that is known. */
type Counted = Pick<FacetValue, 'value'> & Partial<FacetValue>;

/** The portal counts without the words of the query; a number that is not true is not shown. */
function withoutCounts(values: Facets['values']): Record<string, Counted[] | undefined> {
  const bare = Object.entries(values).map(([key, list]) => [
    key,
    list?.map(({ value }) => ({ value })),
  ]);
  return Object.fromEntries(bare);
}

interface FacetProps {
  values: Counted[] | undefined;
  query: Query;
  onChange: (query: Query) => void;
}

/** Kinds are a choice of one: a click on another goes there. */
function KindFacet({ values, query, onChange }: FacetProps) {
  const chosen = valuesOf(query, 'kind').map(value => value.toLowerCase());
  const all = values?.every(({ count }) => count !== undefined)
    ? values.reduce((sum, { count = 0 }) => sum + count, 0)
    : undefined;
  const option = (value: string | undefined, label: string, count: number | undefined) => (
    <label className="facet-value" key={label}>
      <input
        type="radio"
        name="kind"
        className="sr-only"
        checked={value ? chosen.includes(value) : chosen.length === 0}
        onChange={() => onChange(setTerm(query, 'kind', value))}
      />
      {value && <KindIcon kind={value} />}
      <span className="truncate grow">{label}</span>
      <span className="count">{count !== undefined && formatCount(count)}</span>
    </label>
  );
  return (
    <fieldset className="facet facet-kinds">
      <legend>Kind</legend>
      {option(undefined, 'Everything', values?.length ? all : undefined)}
      {values?.map(({ value, count }) =>
        option(value.toLowerCase(), kindLook(value).plural, count),
      )}
      {!values && <FacetSkeleton />}
    </fieldset>
  );
}

function Facet({ id, values, query, onChange }: FacetProps & { id: string }) {
  const [isOpen, setOpen] = useState(false);
  const [find, setFind] = useState('');
  const refKind = KEYS[id]?.refKind;
  const chosen = new Set(valuesOf(query, id).map(value => canonical(value, refKind)));
  const sorted = [...(values ?? [])].sort((a, b) => (b.count ?? 0) - (a.count ?? 0));
  const found = sorted.filter(({ value }) => value.toLowerCase().includes(find.toLowerCase()));
  const shown = isOpen
    ? found.slice(0, MAX_SHOWN)
    : sorted.filter(({ value }, at) => at < FEW || chosen.has(canonical(value, refKind)));
  if (values?.length === 0 && chosen.size === 0) return null;
  return (
    <fieldset className="facet">
      <legend>{KEYS[id]?.label ?? id}</legend>
      {isOpen && sorted.length > MANY && (
        <input
          className="input"
          type="search"
          placeholder="Find…"
          aria-label={`Find ${KEYS[id]?.label ?? id}`}
          value={find}
          onChange={event => setFind(event.target.value)}
        />
      )}
      {shown.map(({ value, count }) => (
        <label className="facet-value" key={value}>
          <input
            type="checkbox"
            checked={chosen.has(canonical(value, refKind))}
            onChange={() => onChange(toggleTerm(query, id, written(value, refKind, chosen, query)))}
          />
          <span className="truncate grow">{refKind ? shortRef(parseRef(value)) : value}</span>
          <span className="count">{count !== undefined && formatCount(count)}</span>
        </label>
      ))}
      {!values && <FacetSkeleton />}
      {sorted.length > FEW && (
        <Button variant="quiet" size="small" onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Fewer' : `${formatCount(sorted.length - FEW)} more`}
        </Button>
      )}
    </fieldset>
  );
}

function FacetSkeleton() {
  return (
    <>
      {['70%', '50%', '60%'].map(width => (
        <span className="facet-value" key={width}>
          <Skeleton width={width} />
        </span>
      ))}
    </>
  );
}

/** `pay` and `group:default/pay` are the same owner. */
function canonical(value: string, refKind: string | undefined): string {
  if (!refKind) return value.toLowerCase();
  const { kind, namespace, name } = parseRef(value, refKind);
  return `${kind}:${namespace}/${name}`.toLowerCase();
}

/** How a value is written in the query: as it is there already, else as short as possible. */
function written(
  value: string,
  refKind: string | undefined,
  chosen: Set<string>,
  query: Query,
): string {
  const same = canonical(value, refKind);
  if (chosen.has(same)) {
    const term = query.terms.find(({ value: other }) => canonical(other, refKind) === same);
    if (term) return term.value;
  }
  if (!refKind) return value;
  const ref = parseRef(value);
  return ref.kind === refKind ? shortRef(ref) : `${ref.kind}:${shortRef(ref)}`;
}

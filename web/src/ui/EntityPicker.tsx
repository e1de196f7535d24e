/** Fields for references of entities: what is typed is searched for by the portal. */

import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { catalog, type Predicate } from '../api/catalog';
import { type Entity, parseRef, refTextOf, shortRef, titleOf } from '../api/entity';
import { IconButton } from './Button';
import { EntityLink } from './EntityLink';
import { KindIcon } from './KindIcon';
import { kindName } from './kinds';
import { Notice } from './Small';
import { useSettled } from './settled';
import './picker.css';

const MAX_OPTIONS = 20;
/** Who types a name does not want each of its letters asked for. */
const SETTLE_MS = 120;
const SEARCHED = ['metadata.name', 'metadata.title', 'spec.profile.displayName'];
const FIELDS = [
  'kind',
  'metadata.name',
  'metadata.namespace',
  'metadata.title',
  'metadata.description',
  'spec.type',
  'spec.profile',
];

function useOptions(text: string, query: Predicate | undefined, isOpen: boolean) {
  const typed = text.trim();
  const term = useSettled(typed, SETTLE_MS);
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ['picker', query, term],
    queryFn: ({ signal }) =>
      catalog.query(
        {
          query,
          limit: MAX_OPTIONS,
          fields: FIELDS,
          orderBy: [{ field: 'metadata.name', order: 'asc' }],
          fullTextFilter: term === '' ? undefined : { term, fields: SEARCHED },
        },
        signal,
      ),
    enabled: isOpen,
    placeholderData: previous => previous,
    staleTime: 30_000,
  });
  const found = data?.items ?? [];
  // Of what was found for another text, nobody picks what does not fit this one.
  const isOld = isPlaceholderData || term !== typed;
  const options = isOld ? found.filter(entity => isNamed(entity, typed)) : found;
  return { options, error, isSearching: isOld || !data };
}

/** Whether somebody has written all of what an option is called. */
function isExactly(entity: Entity, text: string): boolean {
  const ref = refTextOf(entity);
  const names = [entity.metadata.name, titleOf(entity), ref, shortRef(parseRef(ref))];
  return names.some(name => name.toLowerCase() === text.toLowerCase());
}

function isNamed(entity: Entity, text: string): boolean {
  const names = [entity.metadata.name, titleOf(entity)];
  return names.some(name => name.toLowerCase().includes(text.toLowerCase()));
}

interface SearchProps {
  id?: string;
  /** Entities to choose from; all when absent. */
  query?: Predicate;
  /** What stands in the field while nothing is typed. */
  value?: string;
  placeholder?: string;
  label?: string;
  describedBy?: string;
  isInvalid?: boolean;
  /** Whether a reference that nobody has may be typed. */
  allowUnknown?: boolean;
  isDisabled?: boolean;
  onPick: (ref: string) => void;
  /** Somebody has emptied the field; without it, what was there comes back. */
  onClear?: () => void;
  /** What was typed and is nothing to choose, so that it does not stay; nothing once more is typed. */
  onRefused?: (text: string | undefined) => void;
  onBlur?: () => void;
}

/** A combobox of entities. */
export function EntitySearch(props: SearchProps) {
  const { query, value = '', allowUnknown = false, onPick } = props;
  const [text, setText] = useState<string>();
  const isTyped = useRef(false);
  const [active, setActive] = useState(0);
  const list = useId();
  const isOpen = text !== undefined;
  const { options, error, isSearching } = useOptions(text ?? '', query, isOpen);
  const isListed = isOpen && !error;
  const close = () => {
    isTyped.current = false;
    setText(undefined);
  };
  const pick = (ref: string) => {
    onPick(ref);
    close();
  };
  const typed = (text ?? '').trim();
  const enter = () => {
    const option = options[active];
    if (option) pick(refTextOf(option));
    else if (allowUnknown && typed) pick(typed);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      if (!isOpen) setText('');
      setActive(at => Math.max(0, Math.min(options.length - 1, at + step)));
    } else if (event.key === 'Enter' && isOpen) {
      event.preventDefault();
      enter();
    } else if (event.key === 'Escape' && isOpen) {
      event.stopPropagation();
      close();
    }
  };
  const leave = () => {
    if (typed) take();
    else if (isTyped.current && value !== '') props.onClear?.();
    close();
    props.onBlur?.();
  };
  const take = () => {
    const same = options.filter(option => isExactly(option, typed));
    if (allowUnknown) onPick(typed);
    else if (same.length === 1 && same[0]) onPick(refTextOf(same[0]));
    else props.onRefused?.(typed);
  };
  return (
    <div className="picker">
      <input
        id={props.id}
        className="input"
        role="combobox"
        autoComplete="off"
        aria-expanded={isListed}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={isListed && options[active] ? `${list}-${active}` : undefined}
        aria-label={props.label}
        aria-describedby={props.describedBy}
        aria-invalid={props.isInvalid || undefined}
        disabled={props.isDisabled}
        placeholder={props.placeholder ?? 'Search by name'}
        value={text ?? value}
        onChange={event => {
          setText(event.target.value);
          setActive(0);
          isTyped.current = true;
          props.onRefused?.(undefined);
        }}
        onClick={() => setText(now => now ?? '')}
        onKeyDown={onKeyDown}
        onBlur={leave}
      />
      <div
        className="picker-list"
        id={list}
        role="listbox"
        aria-label={props.label ?? 'Entities'}
        aria-busy={isListed && isSearching}
        hidden={!isListed}
      >
        {isListed &&
          options.map((entity, at) => (
            <Option
              key={refTextOf(entity)}
              id={`${list}-${at}`}
              entity={entity}
              isActive={at === active}
              onPick={() => pick(refTextOf(entity))}
            />
          ))}
        {isListed && options.length === 0 && (
          // A list box has an option at least.
          // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus
          <div className="picker-none" role="option" aria-selected={false} aria-disabled>
            {isSearching ? 'Searching…' : noneText(typed, allowUnknown)}
          </div>
        )}
      </div>
      {isOpen && error && <Notice tone="error">This could not be searched: {error.message}</Notice>}
    </div>
  );
}

function noneText(typed: string, allowUnknown: boolean): string {
  if (typed === '') return 'There is nothing to choose from';
  return allowUnknown ? `Enter takes “${typed}” as it is` : `Nothing is called “${typed}”`;
}

interface OptionProps {
  id: string;
  entity: Entity;
  isActive: boolean;
  onPick: () => void;
}

function Option({ id, entity, isActive, onPick }: OptionProps) {
  const name = shortRef(parseRef(refTextOf(entity)));
  return (
    // The keys are those of the field, which keeps the focus.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    // biome-ignore lint/a11y/useFocusableInteractive: see above
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      className="picker-option"
      ref={element => {
        if (isActive) element?.scrollIntoView({ block: 'nearest' });
      }}
      onMouseDown={event => event.preventDefault()}
      onClick={onPick}
    >
      <KindIcon kind={entity.kind} />
      <span className="grow truncate">
        {titleOf(entity)} {name !== titleOf(entity) && <span className="muted">{name}</span>}
      </span>
      <span className="count">{kindName(entity.kind)}</span>
    </div>
  );
}

interface RefListProps extends Omit<SearchProps, 'onPick' | 'value'> {
  refs: readonly string[];
  onChange: (refs: string[]) => void;
}

/** Many members are shown as far as people read; the count is exact. */
const MAX_SHOWN = 200;

/** Several references. */
export function EntityRefList({ refs, onChange, ...search }: RefListProps) {
  const host = useRef<HTMLDivElement>(null);
  return (
    <div className="column" style={{ gap: 8 }} ref={host}>
      {refs.length > 0 && (
        <ul className="picker-chips">
          {refs.slice(0, MAX_SHOWN).map(ref => (
            <li className="chip" key={ref}>
              <EntityLink entityRef={ref} />
              <IconButton
                label={`Remove ${ref}`}
                size="small"
                onClick={() => onChange(refs.filter(other => other !== ref))}
              >
                <X />
              </IconButton>
            </li>
          ))}
          {refs.length > MAX_SHOWN && <li className="muted">and {refs.length - MAX_SHOWN} more</li>}
        </ul>
      )}
      <EntitySearch
        {...search}
        onPick={ref => {
          if (!refs.includes(ref)) onChange([...refs, ref]);
        }}
      />
    </div>
  );
}

/** The query as text, with suggestions; what is typed and what is clicked are the same. */

import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { catalog } from '../api/catalog';
import { parseRef, shortRef } from '../api/entity';
import { useKeys } from '../keys/keys';
import { IconButton } from '../ui/Button';
import { useTyped } from '../ui/typed';
import { type Asker, FLAGS, formatTerm, KEYS, parseQuery, type Query, toPredicate } from './query';

interface QueryBarProps {
  value: string;
  query: Query;
  asker: Asker;
  onChange: (text: string) => void;
  onQuery: (query: Query) => void;
}

const MAX_SUGGESTIONS = 8;

export function QueryBar({ value, query, asker, onChange, onQuery }: QueryBarProps) {
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const [text, setText] = useTyped(value, onChange);
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  useKeys([{ keys: '/', label: 'Filter', group: 'List', run: () => input.current?.focus() }]);
  const suggestions = useSuggestions(text, asker, isOpen);
  const accept = (suggestion: string) => {
    const next = text.replace(/\S*$/, suggestion);
    setText(suggestion.endsWith(':') ? next : `${next} `);
    setActive(-1);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const chosen = suggestions[active];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((active + step + suggestions.length + 1) % (suggestions.length + 1));
    } else if (event.key === 'Enter' && chosen) accept(chosen.text);
    else if (event.key === 'Escape') input.current?.blur();
    else return;
    event.preventDefault();
  };
  return (
    <div className="query-bar">
      <input
        ref={input}
        className="input"
        role="combobox"
        aria-label="Filter the list"
        aria-expanded={isOpen && suggestions.length > 0}
        aria-controls={list}
        aria-activedescendant={active >= 0 ? `${list}-${active}` : undefined}
        placeholder="Filter by name, or write owner:me type:service"
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={event => {
          setText(event.target.value);
          setOpen(true);
          setActive(-1);
        }}
        onBlur={() => setOpen(false)}
        onKeyDown={onKeyDown}
      />
      {text && (
        <IconButton label="Clear the filter" size="small" onClick={() => onChange('')}>
          <X />
        </IconButton>
      )}
      {isOpen && suggestions.length > 0 && (
        <div className="menu query-suggestions" id={list} role="listbox" aria-label="Suggestions">
          {suggestions.map((suggestion, at) => (
            // biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus and points here
            <div
              key={suggestion.text}
              id={`${list}-${at}`}
              className="menu-item"
              role="option"
              aria-selected={at === active}
              data-highlighted={at === active ? '' : undefined}
              onMouseDown={event => {
                event.preventDefault();
                accept(suggestion.text);
              }}
            >
              <code className="grow truncate">{suggestion.text}</code>
              <span className="count">{suggestion.note}</span>
            </div>
          ))}
        </div>
      )}
      <Chips query={query} onQuery={onQuery} />
    </div>
  );
}

function Chips({ query, onQuery }: { query: Query; onQuery: (query: Query) => void }) {
  // One filter is seen well enough where it is written.
  if (query.terms.length < 2) return null;
  return (
    <ul className="query-chips" aria-label="Filters">
      {query.terms.map(term => (
        <li className="chip" key={formatTerm(term)}>
          {formatTerm(term)}
          <button
            type="button"
            aria-label={`Remove ${formatTerm(term)}`}
            onClick={() =>
              onQuery({ ...query, terms: query.terms.filter(other => other !== term) })
            }
          >
            <X size={12} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

interface Suggestion {
  text: string;
  note: string;
}

/** Keys for a word that is begun, values for a key that is written. */
function useSuggestions(text: string, asker: Asker, enabled: boolean): Suggestion[] {
  const word = /\S*$/.exec(text)?.[0] ?? '';
  const [, minus = '', key, part = ''] = /^(-?)([a-z]+):(.*)$/i.exec(word) ?? [];
  const known = key ? KEYS[key.toLowerCase()] : undefined;
  const before = parseQuery(text.slice(0, text.length - word.length));
  const predicate = toPredicate(before, asker, key);
  const field = known?.field ?? '';
  const { data } = useQuery({
    queryKey: ['facets', [field], predicate],
    queryFn: ({ signal }) => catalog.facets([field], predicate, signal),
    enabled: enabled && known !== undefined,
    staleTime: 10_000,
  });
  if (key === 'is') return matching(Object.entries(FLAGS).map(flagSuggestion), part, 'is:');
  if (known && key) {
    const values = [...(data?.[field] ?? [])].sort((a, b) => b.count - a.count);
    const named = values.map(({ value, count }) => ({
      text: `${minus}${key}:${quoted(known.refKind ? writtenRef(value, known.refKind) : value)}`,
      note: String(count),
    }));
    const mine = key === 'owner' ? [{ text: `${minus}owner:me`, note: 'you and your groups' }] : [];
    return matching([...mine, ...named], part, `${minus}${key}:`);
  }
  if (!word || word.includes(':')) return [];
  const keys = Object.entries(KEYS).map(([name, { label }]) => ({ text: `${name}:`, note: label }));
  const all = [...keys, { text: 'is:', note: 'owned, starred, orphan' }];
  return all.filter(({ text: name }) => name.startsWith(word.toLowerCase()));
}

function flagSuggestion([flag, label]: [string, string]): Suggestion {
  return { text: `is:${flag}`, note: label };
}

function matching(all: Suggestion[], part: string, prefix: string): Suggestion[] {
  const sought = part.toLowerCase();
  const found = all.filter(({ text }) => text.slice(prefix.length).toLowerCase().includes(sought));
  return found.filter(({ text }) => text !== prefix + part).slice(0, MAX_SUGGESTIONS);
}

function writtenRef(value: string, refKind: string): string {
  const ref = parseRef(value);
  return ref.kind === refKind ? shortRef(ref) : `${ref.kind}:${shortRef(ref)}`;
}

function quoted(value: string): string {
  return /\s/.test(value) ? `"${value}"` : value;
}

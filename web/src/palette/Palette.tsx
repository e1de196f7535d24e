/** Ctrl K: entities, pages and actions by name. */

import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { Dialog } from 'radix-ui';
import { useEffect, useMemo, useState } from 'react';
import { catalog } from '../api/catalog';
import { type Entity, parseRef, refTextOf, titleOf } from '../api/entity';
import { router } from '../app/router';
import { Notice } from '../ui/Small';
import { indexed, learn, NAME_FIELDS } from './cache';
import { EntityItem, Looks, PageCommands, Pages, Recent, type Run } from './groups';
import { rank, score } from './rank';
import './palette.css';

const MAX_ENTITIES = 12;
const TYPING_MS = 60;

export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const { found, error, isSearching } = useEntities(text);
  const run: Run = action => () => {
    onClose();
    action();
  };
  const open = (ref: string) =>
    run(
      () => void router.navigate({ to: '/catalog/$namespace/$kind/$name', params: parseRef(ref) }),
    );
  // What can be done on this page comes first where no entity is called more like it.
  const best = Math.max(0, ...found.map(entity => score(text, wordsOf(entity))));
  return (
    <Dialog.Root open onOpenChange={isOpen => isOpen || onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="dialog palette" aria-describedby={undefined}>
          <Dialog.Title className="sr-only">Search and commands</Dialog.Title>
          <Command shouldFilter={false} label="Search and commands">
            <Command.Input
              value={text}
              onValueChange={setText}
              placeholder="Find an entity, a page or an action"
            />
            {error && (
              <Notice tone="error">
                Only what this browser has seen is searched: {error.message}
              </Notice>
            )}
            <Command.List>
              <Command.Empty>
                {isSearching ? 'Searching…' : !error && `Nothing is called “${text}”`}
              </Command.Empty>
              {text !== '' && <PageCommands text={text} run={run} above={best} />}
              {text === '' && <Recent onOpen={open} />}
              {found.length > 0 && (
                <Command.Group heading="Entities">
                  {found.map(entity => (
                    <EntityItem
                      key={refTextOf(entity)}
                      entity={entity}
                      onSelect={open(refTextOf(entity))}
                    />
                  ))}
                </Command.Group>
              )}
              <PageCommands text={text} run={run} upTo={best} />
              <Pages text={text} run={run} />
              <Looks text={text} run={run} />
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const wordsOf = (entity: Entity) => `${titleOf(entity)} ${entity.metadata.name} ${entity.kind}`;

/** From the names this browser has seen at once, from the server a moment later. */
function useEntities(text: string): {
  found: Entity[];
  error: Error | null;
  isSearching: boolean;
} {
  const [term, setTerm] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setTerm(longestWord(text)), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error, isLoading } = useQuery({
    queryKey: ['palette', term],
    queryFn: async ({ signal }) => {
      const page = await catalog.query(
        {
          limit: 100,
          fullTextFilter: {
            term,
            fields: ['metadata.name', 'metadata.title', 'spec.profile.displayname'],
          },
          fields: NAME_FIELDS,
          totalItems: 'exclude',
        },
        signal,
      );
      learn(page.items);
      return page.items;
    },
    enabled: term !== '',
    staleTime: 30_000,
  });
  const index = indexed();
  const known = useMemo(() => {
    const news = (data ?? []).map(entity => [refTextOf(entity), entity] as const);
    return [...new Map([...index, ...news]).values()];
  }, [index, data]);
  const found = useMemo(() => rank(text, known, wordsOf).slice(0, MAX_ENTITIES), [text, known]);
  if (text.trim() === '') return { found: [], error: null, isSearching: false };
  return {
    found,
    error,
    isSearching: isLoading || term !== longestWord(text),
  };
}

/** The server looks for one part; which of its finds have the others is seen here. */
function longestWord(text: string): string {
  const words = text.trim().split(/\s+/);
  return words.reduce((longest, word) => (word.length > longest.length ? word : longest), '');
}

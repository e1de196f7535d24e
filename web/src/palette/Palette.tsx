/** Ctrl K: entities, pages and actions by name. */

import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { Contrast, Moon, PanelTop, Rows3, Sun } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { type ReactNode, useEffect, useState } from 'react';
import { catalog } from '../api/catalog';
import { portalUrl } from '../api/client';
import {
  type Entity,
  parseRef,
  refOf,
  refTextOf,
  shortRef,
  specText,
  titleOf,
} from '../api/entity';
import { recent, stars, useKept } from '../app/kept';
import { setLook } from '../app/look';
import { router } from '../app/router';
import { session } from '../session/session';
import { KindIcon } from '../ui/KindIcon';
import { kindName } from '../ui/kinds';
import { Notice } from '../ui/Small';
import { indexed, learn, NAME_FIELDS } from './cache';
import { rank } from './rank';
import './palette.css';

const MAX_ENTITIES = 12;
const MAX_RECENT = 6;
const TYPING_MS = 60;

interface Page {
  title: string;
  words: string;
  to: string;
}

const PAGES: Page[] = [
  { title: 'Home', words: 'start', to: '/' },
  { title: 'Catalog', words: 'entities components services', to: '/catalog' },
  { title: 'APIs', words: 'api explorer definitions', to: '/api-docs' },
  { title: 'Graph', words: 'relations dependencies', to: '/catalog-graph' },
  { title: 'Organization', words: 'groups teams people users', to: '/org' },
  { title: 'Register location', words: 'import add new entity', to: '/catalog-import' },
  { title: 'Create', words: 'template scaffolder golden path new', to: '/create' },
  { title: 'Runs', words: 'tasks scaffolder history', to: '/create/tasks' },
  { title: 'Actions', words: 'steps templates reference', to: '/create/actions' },
  { title: 'Edit a template', words: 'write editor scaffolder dry run', to: '/create/editor' },
  { title: 'Try a form', words: 'parameters schema template explorer', to: '/create/forms' },
  { title: 'Roles', words: 'permissions policies rbac access', to: '/admin/roles' },
  { title: 'Why may they?', words: 'explain permission decision', to: '/admin/explain' },
  { title: 'New role', words: 'create permission policy', to: '/admin/roles/new' },
  { title: 'Entity errors', words: 'admin files problems', to: '/admin/errors' },
  { title: 'Conflicts', words: 'admin claims sources', to: '/admin/conflicts' },
  { title: 'Held deletions', words: 'admin removals approve', to: '/admin/held' },
  { title: 'Locations', words: 'admin registered urls', to: '/admin/locations' },
  { title: 'Providers', words: 'admin schedules sources', to: '/admin/providers' },
  { title: 'Health', words: 'admin metrics memory', to: '/admin/health' },
  { title: 'Configuration', words: 'admin yaml settings', to: '/admin/configuration' },
  { title: 'Failed sign-ins', words: 'admin login auth', to: '/admin/failed-sign-ins' },
  { title: 'Describe something new', words: 'yaml form check', to: '/catalog-import/describe' },
  { title: 'Audit log', words: 'records history who', to: '/admin/audit' },
  { title: 'Notifications', words: 'inbox unread messages', to: '/notifications' },
  { title: 'Settings', words: 'theme density profile', to: '/settings' },
  { title: 'Admin', words: 'errors conflicts held locations', to: '/admin' },
  { title: 'Design system', words: 'components tokens', to: '/design' },
];

export default function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const { found, error, isSearching } = useEntities(text);
  const run = (action: () => void) => () => {
    onClose();
    action();
  };
  const open = (ref: string) =>
    run(
      () => void router.navigate({ to: '/catalog/$namespace/$kind/$name', params: parseRef(ref) }),
    );
  const pages = rank(text, PAGES, page => `${page.title} ${page.words}`);
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
              {pages.length > 0 && (
                <Command.Group heading="Pages">
                  {pages.map(page => (
                    <Item
                      key={page.to}
                      value={page.to}
                      icon={<PanelTop />}
                      onSelect={run(() => void router.history.push(portalUrl(page.to)))}
                    >
                      {page.title}
                    </Item>
                  ))}
                </Command.Group>
              )}
              <Actions text={text} run={run} />
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

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
  if (text.trim() === '') return { found: [], error: null, isSearching: false };
  const known = [...indexed(), ...(data ?? [])];
  const unique = new Map(known.map(entity => [refTextOf(entity), entity]));
  const words = (entity: Entity) => `${titleOf(entity)} ${entity.metadata.name} ${entity.kind}`;
  return {
    found: rank(text, [...unique.values()], words).slice(0, MAX_ENTITIES),
    error,
    isSearching: isLoading || term !== longestWord(text),
  };
}

/** The server looks for one part; which of its finds have the others is seen here. */
function longestWord(text: string): string {
  const words = text.trim().split(/\s+/);
  return words.reduce((longest, word) => (word.length > longest.length ? word : longest), '');
}

function Recent({ onOpen }: { onOpen: (ref: string) => () => void }) {
  const seen = useKept(recent).slice(0, MAX_RECENT);
  const starred = useKept(stars)
    .filter(ref => !seen.includes(ref))
    .slice(0, MAX_RECENT);
  const group = (heading: string, refs: readonly string[]) =>
    refs.length > 0 && (
      <Command.Group heading={heading}>
        {refs.map(ref => (
          <Item
            key={ref}
            value={ref}
            icon={<KindIcon kind={parseRef(ref).kind} />}
            note={kindName(parseRef(ref).kind)}
            onSelect={onOpen(ref)}
          >
            {shortRef(parseRef(ref))}
          </Item>
        ))}
      </Command.Group>
    );
  return (
    <>
      {group('Recent', seen)}
      {group('Starred', starred)}
    </>
  );
}

function Actions({ text, run }: { text: string; run: (action: () => void) => () => void }) {
  const actions = [
    {
      id: 'compact',
      title: 'Compact rows',
      icon: <Rows3 />,
      run: () => setLook({ density: 'compact' }),
    },
    {
      id: 'roomy',
      title: 'Rows of normal height',
      icon: <Rows3 />,
      run: () => setLook({ density: undefined }),
    },
    {
      id: 'contrast',
      title: 'High contrast',
      icon: <Contrast />,
      run: () => setLook({ contrast: 'more' }),
    },
    {
      id: 'no-contrast',
      title: 'Normal contrast',
      icon: <Contrast />,
      run: () => setLook({ contrast: undefined }),
    },
    { id: 'light', title: 'Light theme', icon: <Sun />, run: () => setLook({ theme: 'light' }) },
    { id: 'dark', title: 'Dark theme', icon: <Moon />, run: () => setLook({ theme: 'dark' }) },
    {
      id: 'system',
      title: 'Theme of the system',
      icon: <Contrast />,
      run: () => setLook({ theme: undefined }),
    },
    { id: 'out', title: 'Sign out', icon: <PanelTop />, run: () => void session.signOut() },
  ];
  const found = text === '' ? [] : rank(text, actions, action => action.title);
  if (found.length === 0) return null;
  return (
    <Command.Group heading="Actions">
      {found.map(action => (
        <Item key={action.id} value={action.id} icon={action.icon} onSelect={run(action.run)}>
          {action.title}
        </Item>
      ))}
    </Command.Group>
  );
}

function EntityItem({ entity, onSelect }: { entity: Entity; onSelect: () => void }) {
  const type = specText(entity, 'type');
  const note = [kindName(entity.kind), type].filter(Boolean).join(' · ');
  const name = shortRef(refOf(entity));
  return (
    <Item
      value={refTextOf(entity)}
      icon={<KindIcon kind={entity.kind} />}
      note={note}
      onSelect={onSelect}
    >
      {titleOf(entity)} {name !== titleOf(entity) && <span className="muted">{name}</span>}
    </Item>
  );
}

interface ItemProps {
  value: string;
  icon: ReactNode;
  note?: string;
  onSelect: () => void;
  children: ReactNode;
}

function Item({ value, icon, note, onSelect, children }: ItemProps) {
  return (
    <Command.Item className="palette-item" value={value} onSelect={onSelect}>
      {icon}
      <span className="grow truncate">{children}</span>
      {note && <span className="count">{note}</span>}
    </Command.Item>
  );
}

/** What the palette lists beside what it finds in the catalog. */

import { Command } from 'cmdk';
import { Check, Contrast, LogOut, Moon, PanelTop, Rows3, Sun, Zap } from 'lucide-react';
import type { ReactNode } from 'react';
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
import { useCommandGroups } from '../app/commands';
import { recent, stars, useKept } from '../app/kept';
import { type Look, setLook, useLook } from '../app/look';
import { router } from '../app/router';
import { ADMIN_GROUPS, NEW_ROLE, PAGES, type PageLink, pathOf } from '../nav/pages';
import { MAY, useMay, useMayEach } from '../session/may';
import { session } from '../session/session';
import { KindIcon } from '../ui/KindIcon';
import { kindName } from '../ui/kinds';
import { rank, score } from './rank';

/** Closes the palette, then does something. */
export type Run = (action: () => void) => () => void;

interface GroupProps {
  text: string;
  run: Run;
}

const MAX_RECENT = 6;

export function Recent({ onOpen }: { onOpen: (ref: string) => () => void }) {
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

/** How well a command fits, by its title or by other words for it. */
const fit = (text: string, { title, words = '' }: { title: string; words?: string }) =>
  Math.max(score(text, title), score(text, `${title} ${words}`));

/** Words of commands are many: letters that only come in order say nothing. */
const MIN_POINTS = 40;

interface PageCommandsProps extends GroupProps {
  /** Only what fits better than this, or no better. */
  above?: number;
  upTo?: number;
}

/** What can be done on the page below. */
export function PageCommands({ text, run, above = 0, upTo = Infinity }: PageCommandsProps) {
  const groups = useCommandGroups();
  return groups.map(({ title, commands }) => {
    const fitting = commands.filter(command => {
      const points = fit(text, command);
      return text === '' || (points >= MIN_POINTS && points > above && points <= upTo);
    });
    if (fitting.length === 0) return null;
    return (
      <Command.Group key={title} heading={title}>
        {rank(text, fitting, it => `${it.title} ${it.words ?? ''}`).map(command => (
          <Item
            key={command.id}
            value={`here:${command.id}`}
            icon={<Zap />}
            onSelect={run(command.run)}
          >
            {command.title}
          </Item>
        ))}
      </Command.Group>
    );
  });
}

/** The pages that this user may see; in doubt, a page says no by itself. */
function useVisiblePages(): PageLink[] {
  const mayRead = useMayEach(ADMIN_GROUPS);
  const mayCreateRole = useMay(MAY.createRole);
  const groups = ADMIN_GROUPS.filter((_, at) => mayRead[at] !== false);
  return [
    ...PAGES,
    ...groups.flatMap(({ parts }) => parts),
    ...(mayCreateRole === false ? [] : [NEW_ROLE]),
  ];
}

export function Pages({ text, run }: GroupProps) {
  const pages = rank(text, useVisiblePages(), page => `${page.title} ${page.words}`);
  if (pages.length === 0) return null;
  return (
    <Command.Group heading="Pages">
      {pages.map(page => (
        <Item
          key={pathOf(page)}
          value={pathOf(page)}
          icon={<PanelTop />}
          onSelect={run(() => void router.history.push(portalUrl(pathOf(page))))}
        >
          {page.title}
        </Item>
      ))}
    </Command.Group>
  );
}

interface LookItem {
  title: string;
  words: string;
  icon: ReactNode;
  look: Look;
}

const LOOKS: LookItem[] = [
  { title: 'Light theme', words: 'appearance mode', icon: <Sun />, look: { theme: 'light' } },
  { title: 'Dark theme', words: 'appearance mode', icon: <Moon />, look: { theme: 'dark' } },
  {
    title: 'Theme of the system',
    words: 'appearance mode automatic',
    icon: <Contrast />,
    look: { theme: undefined },
  },
  {
    title: 'High contrast',
    words: 'appearance more',
    icon: <Contrast />,
    look: { contrast: 'more' },
  },
  {
    title: 'Normal contrast',
    words: 'appearance less',
    icon: <Contrast />,
    look: { contrast: undefined },
  },
  {
    title: 'Compact rows',
    words: 'appearance density dense tables',
    icon: <Rows3 />,
    look: { density: 'compact' },
  },
  {
    title: 'Rows of normal height',
    words: 'appearance density roomy tables',
    icon: <Rows3 />,
    look: { density: undefined },
  },
];

const isSame = (now: Look, look: Look) =>
  (Object.keys(look) as (keyof Look)[]).every(key => now[key] === look[key]);

/** Settings of this browser, and the way out. */
export function Looks({ text, run }: GroupProps) {
  const now = useLook();
  if (text === '') return null;
  const found = rank(text, LOOKS, ({ title, words }) => `${title} ${words}`);
  const isLeaving = score(text, 'Sign out log out leave') > 0;
  return (
    <>
      {found.length > 0 && (
        <Command.Group heading="Settings">
          {found.map(({ title, icon, look }) => (
            <Item
              key={title}
              value={`look:${title}`}
              icon={icon}
              onSelect={run(() => setLook(look))}
            >
              {title} {isSame(now, look) && <Check size={14} aria-label="(as it is)" />}
            </Item>
          ))}
        </Command.Group>
      )}
      {isLeaving && (
        <Command.Group heading="Session">
          <Item value="out" icon={<LogOut />} onSelect={run(() => void session.signOut())}>
            Sign out
          </Item>
        </Command.Group>
      )}
    </>
  );
}

export function EntityItem({ entity, onSelect }: { entity: Entity; onSelect: () => void }) {
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

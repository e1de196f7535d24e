/** Notifications as a list: chosen by click or key, marked one by one or together. */

import { Bookmark, BookmarkCheck, Mail, MailOpen } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { Marks, Notification, Severity } from '../api/notifications';
import { router } from '../app/router';
import { useKeys } from '../keys/keys';
import { Button, IconButton } from '../ui/Button';
import { hrefOf, pathOf } from '../ui/link';
import { Badge, Time, type Tone } from '../ui/Small';
import type { Marking } from './useMark';

interface ListProps {
  items: Notification[];
  marking: Marking;
}

export function List({ items, marking }: ListProps) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const chosen = items.filter(({ id }) => selected.has(id));
  const toggle = (id: string) =>
    setSelected(now => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const mark = (marks: Marks) => {
    marking.mark(chosen, marks);
    setSelected(new Set());
  };
  const { list, active, setActive, move } = useActive(items);
  useListKeys({ item: items[active], move, toggle, marking });
  const isAll = chosen.length === items.length;
  return (
    <>
      <div className="card-head notification-head">
        <label>
          <input
            type="checkbox"
            checked={isAll}
            onChange={() => setSelected(new Set(isAll ? [] : items.map(({ id }) => id)))}
          />
          {chosen.length > 0 ? `${chosen.length} selected` : 'Select all of this page'}
        </label>
        {chosen.length > 0 && <Bulk chosen={chosen} onMark={mark} />}
      </div>
      <ul className="rows notifications" ref={list}>
        {items.map((item, at) => (
          <Row
            key={item.id}
            item={item}
            isSelected={selected.has(item.id)}
            onSelect={() => toggle(item.id)}
            onActive={() => setActive({ at, id: item.id })}
            onMark={marks => marking.mark([item], marks)}
          />
        ))}
      </ul>
    </>
  );
}

/** The row that keys work on: it stays the same when others come, and is the next one when it goes. */
function useActive(items: Notification[]) {
  const list = useRef<HTMLUListElement>(null);
  const [chosen, setActive] = useState<{ at: number; id: string }>();
  const isMoved = useRef(false);
  const found = items.findIndex(({ id }) => id === chosen?.id);
  const active = !chosen || found >= 0 ? found : Math.min(chosen.at, items.length - 1);
  const id = items[active]?.id;
  useEffect(() => {
    if (id === undefined) return;
    // The focus of something else on the page is not taken away.
    const isLost = document.activeElement === document.body;
    const row = list.current?.querySelectorAll<HTMLElement>(':scope > li')[active];
    if (isMoved.current || isLost) row?.focus();
    isMoved.current = false;
  }, [id, active]);
  const move = (step: number) => {
    const at = Math.min(Math.max(active + step, 0), items.length - 1);
    const next = items[at];
    if (!next) return;
    isMoved.current = true;
    setActive({ at, id: next.id });
  };
  return { list, active, setActive, move };
}

function Bulk({ chosen, onMark }: { chosen: Notification[]; onMark: (marks: Marks) => void }) {
  const choices: [string, Marks, boolean][] = [
    ['Mark as read', { read: true }, chosen.some(it => !it.read)],
    ['Mark as unread', { read: false }, chosen.some(it => it.read)],
    ['Save', { saved: true }, chosen.some(it => !it.saved)],
    ['Stop saving', { saved: false }, chosen.some(it => it.saved)],
  ];
  return (
    <div className="page-actions">
      {choices
        .filter(([, , isOffered]) => isOffered)
        .map(([label, marks]) => (
          <Button key={label} size="small" onClick={() => onMark(marks)}>
            {label}
          </Button>
        ))}
    </div>
  );
}

const TONES: Partial<Record<Severity, Tone>> = { critical: 'error', high: 'warn', low: 'info' };

interface RowProps {
  item: Notification;
  isSelected: boolean;
  onSelect: () => void;
  onActive: () => void;
  onMark: (marks: Marks) => void;
}

function Row({ item, isSelected, onSelect, onActive, onMark }: RowProps) {
  const { title, description, severity = 'normal', topic } = item.payload;
  const isRead = Boolean(item.read);
  const isSaved = Boolean(item.saved);
  return (
    <li
      tabIndex={-1}
      data-unread={isRead ? undefined : ''}
      data-selected={isSelected ? '' : undefined}
      onFocus={event => event.target === event.currentTarget && onActive()}
    >
      <input
        type="checkbox"
        aria-label={`Select ${title}`}
        checked={isSelected}
        onChange={onSelect}
      />
      <div className="grow">
        <div className="notification-title">
          {TONES[severity] && <Badge tone={TONES[severity]}>{severity}</Badge>}
          <Title item={item} onFollow={() => isRead || onMark({ read: true })} />
          {!isRead && <span className="sr-only">unread</span>}
        </div>
        {description && <p className="notification-text">{description}</p>}
        <div className="muted">
          {item.origin}
          {topic && ` · ${topic}`} · <Time at={item.updated ?? Date.parse(item.created)} />
          {!item.user && ' · to everybody'}
        </div>
      </div>
      <IconButton
        size="small"
        label={isRead ? 'Mark as unread' : 'Mark as read'}
        onClick={() => onMark({ read: !isRead })}
      >
        {isRead ? <Mail /> : <MailOpen />}
      </IconButton>
      <IconButton
        size="small"
        label={isSaved ? 'Stop saving' : 'Save'}
        aria-pressed={isSaved}
        onClick={() => onMark({ saved: !isSaved })}
      >
        {isSaved ? <BookmarkCheck /> : <Bookmark />}
      </IconButton>
    </li>
  );
}

/** Followed within the portal where it leads to one of its pages. */
function Title({ item, onFollow }: { item: Notification; onFollow: () => void }) {
  const { title, link } = item.payload;
  const href = link ? hrefOf(link) : undefined;
  if (!href || !link) return <strong>{title}</strong>;
  const isHere = pathOf(link) !== undefined;
  const follow = (event: React.MouseEvent) => {
    onFollow();
    const isPlain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!isHere || !isPlain) return;
    event.preventDefault();
    router.history.push(href);
  };
  return (
    <a href={href} onClick={follow} {...(isHere ? {} : { target: '_blank', rel: 'noreferrer' })}>
      <strong>{title}</strong>
    </a>
  );
}

interface ListKeys {
  item: Notification | undefined;
  move: (step: number) => void;
  toggle: (id: string) => void;
  marking: Marking;
}

function useListKeys({ item, move, toggle, marking }: ListKeys) {
  const open = (inNewTab: boolean) => () => {
    const href = item?.payload.link ? hrefOf(item.payload.link) : undefined;
    if (!item || !href) return;
    marking.mark([item], { read: true });
    const isHere = pathOf(item.payload.link ?? '') !== undefined;
    if (inNewTab || !isHere) window.open(href, '_blank', 'noreferrer');
    else router.history.push(href);
  };
  const group = 'List';
  useKeys([
    { keys: 'j', label: 'Next', group, run: () => move(1) },
    { keys: 'k', label: 'Previous', group, run: () => move(-1) },
    ...(item
      ? [
          { keys: 'enter', label: 'Open', group, run: open(false) },
          { keys: 'o', label: 'Open in a new tab', group, run: open(true) },
          { keys: 'x', label: 'Select', group, run: () => toggle(item.id) },
          {
            keys: 'e',
            label: item.read ? 'Mark as unread' : 'Mark as read',
            group,
            run: () => marking.mark([item], { read: !item.read }),
          },
          {
            keys: 's',
            label: item.saved ? 'Stop saving' : 'Save',
            group,
            run: () => marking.mark([item], { saved: !item.saved }),
          },
        ]
      : []),
  ]);
}

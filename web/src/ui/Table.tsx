import { type ReactNode, useRef } from 'react';
import { useKeys } from '../keys/keys';

interface Head {
  title: string;
  /** Numbers stand at the right. */
  isNumber?: boolean;
  /** Known to screen readers only. */
  isHidden?: boolean;
}

interface TableProps {
  heads: (string | Head)[];
  children: ReactNode;
}

/**
 * A simple table: what its columns are called, and its rows. It scrolls sideways by itself; keys go
 * from row to row by their first links.
 */
export function Table({ heads, children }: TableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  useRowKeys(body);
  return (
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            {heads
              .map(head => (typeof head === 'string' ? { title: head } : head))
              .map(({ title, isNumber, isHidden }) => (
                <th scope="col" key={title} className={isNumber ? 'num' : undefined}>
                  {isHidden ? <span className="sr-only">{title}</span> : title}
                </th>
              ))}
          </tr>
        </thead>
        <tbody ref={body}>{children}</tbody>
      </table>
    </div>
  );
}

function useRowKeys(body: React.RefObject<HTMLElement | null>) {
  /** The first link of each row that has one, and which of the rows has the focus. */
  const look = () => {
    const rows = [...(body.current?.querySelectorAll('tr') ?? [])];
    const links = rows.flatMap(row => row.querySelector('a') ?? []);
    const at = links.findIndex(link => link.closest('tr')?.contains(document.activeElement));
    return { links, at };
  };
  const move = (step: number) => () => {
    const { links, at } = look();
    const next = links[Math.min(Math.max(at + step, 0), links.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  };
  const open = () => {
    const { links, at } = look();
    const link = links[at];
    if (link) window.open(link.href, '_blank', 'noreferrer');
  };
  const group = 'Table';
  useKeys([
    { keys: 'j', label: 'Next row', group, run: move(1) },
    { keys: 'k', label: 'Previous row', group, run: move(-1) },
    { keys: 'o', label: 'Open in a new tab', group, run: open },
  ]);
}

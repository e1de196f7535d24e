/** A list of any length: of many items, only those in view are there. */

import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react';

/** Fewer are all shown, so that the browser can search them. */
const MANY = 200;
const ROW_PX = 41;
const OVERSCAN = 12;

interface ManyRowsProps<T> {
  items: T[];
  keyOf: (item: T, at: number) => string;
  children: (item: T) => ReactNode;
}

export function ManyRows<T>(props: ManyRowsProps<T>) {
  const { items, keyOf, children } = props;
  if (items.length > MANY) return <InView {...props} />;
  return (
    <ul className="rows">
      {items.map((item, at) => (
        <li key={keyOf(item, at)}>{children(item)}</li>
      ))}
    </ul>
  );
}

function InView<T>({ items, keyOf, children }: ManyRowsProps<T>) {
  const list = useRef<HTMLUListElement>(null);
  const [margin, setMargin] = useState(0);
  // What is above may come and go.
  useLayoutEffect(() => {
    if (list.current) setMargin(list.current.getBoundingClientRect().top + window.scrollY);
  });
  const virtual = useWindowVirtualizer({
    count: items.length,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollMargin: margin,
  });
  return (
    <ul className="rows rows-many" ref={list} style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map(({ index, start }) => {
        const item = items[index];
        if (item === undefined) return null;
        return (
          <li
            key={keyOf(item, index)}
            ref={virtual.measureElement}
            data-index={index}
            aria-setsize={items.length}
            aria-posinset={index + 1}
            style={{ transform: `translateY(${start - margin}px)` }}
          >
            {children(item)}
          </li>
        );
      })}
    </ul>
  );
}

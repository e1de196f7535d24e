/** The frame of a page: title, where it is, what can be done. */

import { type ReactNode, useEffect } from 'react';
import { config } from '../app/boot';

interface PageProps {
  title: string;
  /** Stands before the title. */
  icon?: ReactNode;
  /** Where the page is, above the title. */
  crumbs?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, icon, crumbs, lead, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · ${config.title}`;
  }, [title]);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          {crumbs && <div className="crumbs">{crumbs}</div>}
          <h1 style={{ display: 'flex', gap: 8, alignItems: 'center' }}>
            {icon}
            {title}
          </h1>
          {lead &&
            (typeof lead === 'string' ? <p>{lead}</p> : <div className="page-lead">{lead}</div>)}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface CardProps {
  title: string;
  count?: number;
  actions?: ReactNode;
  /** Lists bring their own padding. */
  flush?: boolean;
  children: ReactNode;
}

export function Card({ title, count, actions, flush, children }: CardProps) {
  return (
    <section className="card">
      <div className="card-head">
        <h2>
          {title} {count !== undefined && <span className="count">{count}</span>}
        </h2>
        {actions}
      </div>
      {flush ? children : <div className="card-body">{children}</div>}
    </section>
  );
}

/** What all pages for administrators have around them. */

import { Link, useRouterState } from '@tanstack/react-router';
import { type ReactNode, Suspense } from 'react';
import { ADMIN_GROUPS, type AdminGroup, type PageLink, pathOf } from '../nav/pages';
import { type Permission, useMay } from '../session/may';
import { Page } from '../ui/Page';
import { SkeletonRows } from '../ui/Small';
import { Needs } from '../ui/States';
import './admin.css';

interface AdminFrameProps {
  title: string;
  lead?: ReactNode;
  crumbs?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** What a page for administrators needs, by its path. */
export function needsOf(path: string): Permission | undefined {
  const isHere = (part: PageLink) => path.includes(pathOf(part));
  return ADMIN_GROUPS.find(group => group.parts.some(isHere))?.needs;
}

export function AdminFrame({ children, crumbs, ...head }: AdminFrameProps) {
  const needs = useRouterState({ select: ({ location }) => needsOf(location.pathname) });
  return (
    <div className="admin">
      <nav className="admin-nav" aria-label="Admin" ref={showActive}>
        {ADMIN_GROUPS.map(group => (
          <NavGroup key={group.title} group={group} />
        ))}
      </nav>
      <Page crumbs={crumbs ?? 'Admin'} {...head}>
        <Needs value={needs}>
          <Suspense fallback={<SkeletonRows />}>{children}</Suspense>
        </Needs>
      </Page>
    </div>
  );
}

/** On narrow screens the parts are in a row that scrolls. */
function showActive(nav: HTMLElement | null) {
  nav
    ?.querySelector('[aria-current="page"]')
    ?.scrollIntoView({ inline: 'center', block: 'nearest' });
}

function NavGroup({ group }: { group: AdminGroup }) {
  const may = useMay(group.needs, group.resource);
  if (may === false) return null;
  return (
    <div className="admin-group">
      <div className="admin-heading">{group.title}</div>
      {group.parts.map(({ title, to, params }) => (
        <Link key={title} className="rail-link" to={to} params={params}>
          {title}
        </Link>
      ))}
    </div>
  );
}

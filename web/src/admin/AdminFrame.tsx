/** What all pages for administrators have around them. */

import { Link, useRouterState } from '@tanstack/react-router';
import { type ReactNode, Suspense } from 'react';
import { ANY_ROLE, MAY, type Permission, useMay } from '../session/may';
import { Page } from '../ui/Page';
import { SkeletonRows } from '../ui/Small';
import { Needs } from '../ui/States';
import './admin.css';

interface Part {
  title: string;
  to: string;
  params?: Record<string, string>;
}

interface Group {
  title: string;
  needs: Permission;
  resource?: string;
  parts: Part[];
}

const section = (id: string, title: string): Part => ({
  title,
  to: '/admin/$section',
  params: { section: id },
});

const GROUPS: Group[] = [
  {
    title: 'Catalog',
    needs: MAY.readIngestion,
    parts: [
      section('errors', 'Errors'),
      section('conflicts', 'Conflicts'),
      section('held', 'Held deletions'),
      section('locations', 'Locations'),
      section('providers', 'Providers'),
    ],
  },
  {
    title: 'Access',
    needs: MAY.readRole,
    resource: ANY_ROLE,
    parts: [
      { title: 'Roles', to: '/admin/roles' },
      { title: 'Why may they?', to: '/admin/explain' },
    ],
  },
  {
    title: 'Sign-in',
    needs: MAY.readSignIns,
    parts: [section('failed-sign-ins', 'Failed sign-ins')],
  },
  {
    title: 'Record',
    needs: MAY.readAudit,
    parts: [{ title: 'Audit log', to: '/admin/audit' }],
  },
  {
    title: 'Portal',
    needs: MAY.readConfig,
    parts: [section('health', 'Health'), section('configuration', 'Configuration')],
  },
];

interface AdminFrameProps {
  title: string;
  lead?: ReactNode;
  crumbs?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** What a page for administrators needs, by its path. */
export function needsOf(path: string): Permission | undefined {
  const isHere = ({ to, params }: Part) =>
    path.includes(to.replace('$section', params?.section ?? ''));
  return GROUPS.find(group => group.parts.some(isHere))?.needs;
}

export function AdminFrame({ children, crumbs, ...head }: AdminFrameProps) {
  const needs = useRouterState({ select: ({ location }) => needsOf(location.pathname) });
  return (
    <div className="admin">
      <nav className="admin-nav" aria-label="Admin" ref={showActive}>
        {GROUPS.map(group => (
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

function NavGroup({ group }: { group: Group }) {
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

/** Pages by name: for the palette, and for the navigation of those for administrators. */

import type { LinkProps } from '@tanstack/react-router';
import { ANY_ROLE, MAY, type Permission } from '../session/may';

export interface PageLink {
  title: string;
  /** By what else it is found. */
  words: string;
  to: NonNullable<LinkProps['to']>;
  params?: { section: string };
}

export interface AdminGroup {
  title: string;
  needs: Permission;
  /** What the permission is asked about. */
  resource?: string;
  parts: PageLink[];
}

const section = (id: string, title: string, words: string): PageLink => ({
  title,
  words: `admin ${words}`,
  to: '/admin/$section',
  params: { section: id },
});

export const ADMIN_GROUPS: AdminGroup[] = [
  {
    title: 'Catalog',
    needs: MAY.readIngestion,
    parts: [
      section('errors', 'Errors', 'entity files problems'),
      section('conflicts', 'Conflicts', 'claims sources'),
      section('held', 'Held deletions', 'removals approve'),
      section('locations', 'Locations', 'registered urls'),
      section('providers', 'Providers', 'schedules sources'),
    ],
  },
  {
    title: 'Access',
    needs: MAY.readRole,
    resource: ANY_ROLE,
    parts: [
      { title: 'Roles', words: 'admin permissions policies rbac access', to: '/admin/roles' },
      { title: 'Why may they?', words: 'admin explain permission decision', to: '/admin/explain' },
    ],
  },
  {
    title: 'Sign-in',
    needs: MAY.readSignIns,
    parts: [section('failed-sign-ins', 'Failed sign-ins', 'login auth')],
  },
  {
    title: 'Record',
    needs: MAY.readAudit,
    parts: [{ title: 'Audit log', words: 'admin records history who', to: '/admin/audit' }],
  },
  {
    title: 'Portal',
    needs: MAY.readConfig,
    parts: [
      section('health', 'Health', 'metrics memory'),
      section('configuration', 'Configuration', 'yaml settings'),
    ],
  },
];

/** Those of the portal that are for everybody. */
export const PAGES: PageLink[] = [
  { title: 'Home', words: 'start', to: '/' },
  { title: 'Catalog', words: 'entities components services', to: '/catalog' },
  { title: 'APIs', words: 'api explorer definitions', to: '/api-docs' },
  { title: 'Graph', words: 'relations dependencies', to: '/catalog-graph' },
  { title: 'Organization', words: 'groups teams people users', to: '/org' },
  { title: 'Register location', words: 'import add new entity', to: '/catalog-import' },
  {
    title: 'Describe something new',
    words: 'yaml form check',
    to: '/catalog-import/describe',
  },
  { title: 'Create', words: 'template scaffolder golden path new', to: '/create' },
  { title: 'Runs', words: 'tasks scaffolder history', to: '/create/tasks' },
  { title: 'Actions', words: 'steps templates reference', to: '/create/actions' },
  { title: 'Edit a template', words: 'write editor scaffolder dry run', to: '/create/editor' },
  { title: 'Try a form', words: 'parameters schema template explorer', to: '/create/forms' },
  { title: 'Notifications', words: 'inbox unread messages', to: '/notifications' },
  { title: 'Settings', words: 'theme density profile', to: '/settings' },
  { title: 'Design system', words: 'components tokens', to: '/design' },
];

/** For who may create roles. */
export const NEW_ROLE: PageLink = {
  title: 'New role',
  words: 'admin create permission policy',
  to: '/admin/roles/new',
};

export const pathOf = ({ to, params }: PageLink): string =>
  to.replace('$section', params?.section ?? '');

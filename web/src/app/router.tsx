/** Addresses and the pages they show. Every page is a chunk of its own. */

import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router';
import { FILTERS as AUDIT_FILTERS } from '../admin/audit/filter';
import { FILTERS as NOTIFICATION_FILTERS } from '../notifications/filter';
import { config } from './boot';
import { CrashPage } from './CrashPage';
import { NotFoundPage } from './NotFoundPage';
import { pageOf } from './NotLoaded';
import { Root } from './Root';
import { parseSearch, searchOf, stringifySearch } from './search';

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
});

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: pageOf(() => import('../home/HomePage')),
});

const catalog = createRoute({
  getParentRoute: () => root,
  path: '/catalog',
  validateSearch: searchOf('q', 'sort', 'cols'),
  component: pageOf(() => import('../catalog/CatalogPage')),
});

const entity = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$namespace/$kind/$name',
  component: pageOf(() => import('../entity/EntityPage')),
});

const entityTab = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$namespace/$kind/$name/$tab',
  validateSearch: searchOf('format', 'depth', 'relations', 'kinds', 'view', 'compare', 'operation'),
  component: pageOf(() => import('../entity/EntityPage')),
});

const apis = createRoute({
  getParentRoute: () => root,
  path: '/api-docs',
  validateSearch: searchOf('q', 'sort', 'cols'),
  component: pageOf(() => import('../apis/ApisPage')),
});

const graph = createRoute({
  getParentRoute: () => root,
  path: '/catalog-graph',
  validateSearch: searchOf('root', 'depth', 'relations', 'kinds', 'direction', 'view'),
  component: pageOf(() => import('../graph/GraphPage')),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/catalog-import',
  validateSearch: searchOf('url'),
  component: pageOf(() => import('../register/RegisterPage')),
});

const describe = createRoute({
  getParentRoute: () => root,
  path: '/catalog-import/describe',
  component: pageOf(() => import('../register/DescribePage')),
});

const org = createRoute({
  getParentRoute: () => root,
  path: '/org',
  validateSearch: searchOf('find'),
  component: pageOf(() => import('../org/OrgPage')),
});

const notifications = createRoute({
  getParentRoute: () => root,
  path: '/notifications',
  validateSearch: searchOf(...NOTIFICATION_FILTERS),
  component: pageOf(() => import('../notifications/NotificationsPage')),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: pageOf(() => import('../settings/SettingsPage')),
});

const admin = createRoute({
  getParentRoute: () => root,
  path: '/admin',
  beforeLoad: () => {
    throw redirect({ to: '/admin/$section', params: { section: 'errors' }, replace: true });
  },
});

const adminSection = createRoute({
  getParentRoute: () => root,
  path: '/admin/$section',
  component: pageOf(() => import('../admin/AdminPage')),
});

const roles = createRoute({
  getParentRoute: () => root,
  path: '/admin/roles',
  validateSearch: searchOf('find'),
  component: pageOf(() => import('../admin/roles/RolesPage')),
});

const newRole = createRoute({
  getParentRoute: () => root,
  path: '/admin/roles/new',
  component: pageOf(() => import('../admin/roles/RoleFormPage')),
});

const role = createRoute({
  getParentRoute: () => root,
  path: '/admin/roles/$namespace/$name',
  component: pageOf(() => import('../admin/roles/RolePage')),
});

const editRole = createRoute({
  getParentRoute: () => root,
  path: '/admin/roles/$namespace/$name/edit',
  component: pageOf(() =>
    import('../admin/roles/RoleFormPage').then(it => ({ default: it.EditRolePage })),
  ),
});

const explain = createRoute({
  getParentRoute: () => root,
  path: '/admin/explain',
  validateSearch: searchOf('user', 'permission', 'on'),
  component: pageOf(() => import('../admin/explain/ExplainPage')),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/admin/audit',
  validateSearch: searchOf(...AUDIT_FILTERS),
  component: pageOf(() => import('../admin/audit/AuditPage')),
});

const auditRecord = createRoute({
  getParentRoute: () => root,
  path: '/admin/audit/$seq',
  component: pageOf(() => import('../admin/audit/RecordPage')),
});

const create = createRoute({
  getParentRoute: () => root,
  path: '/create',
  validateSearch: searchOf('find', 'type', 'tag', 'show', 'entity'),
  component: pageOf(() => import('../create/CreatePage')),
});

const template = createRoute({
  getParentRoute: () => root,
  path: '/create/templates/$namespace/$name',
  validateSearch: searchOf('formData', 'entity', 'task', 'page'),
  component: pageOf(() => import('../create/TemplatePage')),
});

const tasks = createRoute({
  getParentRoute: () => root,
  path: '/create/tasks',
  validateSearch: searchOf('by', 'status', 'page'),
  component: pageOf(() => import('../create/run/TasksPage')),
});

const task = createRoute({
  getParentRoute: () => root,
  path: '/create/tasks/$id',
  validateSearch: searchOf('line', 'steps'),
  component: pageOf(() => import('../create/run/TaskPage')),
});

const actions = createRoute({
  getParentRoute: () => root,
  path: '/create/actions',
  validateSearch: searchOf('find', 'action'),
  component: pageOf(() => import('../create/ActionsPage')),
});

const templateEditor = createRoute({
  getParentRoute: () => root,
  path: '/create/editor',
  validateSearch: searchOf('template'),
  component: pageOf(() => import('../templates-editor/EditorPage')),
});

const forms = createRoute({
  getParentRoute: () => root,
  path: '/create/forms',
  component: pageOf(() => import('../templates-editor/FormsPage')),
});

const consent = createRoute({
  getParentRoute: () => root,
  path: '/oauth2/authorize/$id',
  component: pageOf(() => import('../consent/ConsentPage')),
});

const device = createRoute({
  getParentRoute: () => root,
  path: '/oauth2/device',
  validateSearch: searchOf('user_code'),
  component: pageOf(() => import('../consent/DevicePage')),
});

const gallery = createRoute({
  getParentRoute: () => root,
  path: '/design',
  component: pageOf(() => import('../ui/GalleryPage')),
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    catalog,
    entity,
    entityTab,
    apis,
    graph,
    register,
    describe,
    org,
    notifications,
    settings,
    admin,
    adminSection,
    create,
    template,
    tasks,
    task,
    actions,
    templateEditor,
    forms,
    roles,
    newRole,
    role,
    editRole,
    explain,
    audit,
    auditRecord,
    consent,
    device,
    gallery,
  ]),
  basepath: config.basePath || '/',
  parseSearch,
  stringifySearch,
  // The frame stays around a page that fails.
  defaultErrorComponent: CrashPage,
  defaultPreload: 'intent',
  defaultPreloadDelay: 60,
  defaultPendingMs: 150,
  scrollRestoration: true,
  scrollRestorationBehavior: 'instant',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

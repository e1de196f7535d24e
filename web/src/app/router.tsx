/** Addresses and the pages they show. Every page is a chunk of its own. */

import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { FILTERS as AUDIT_FILTERS } from '../admin/audit/filter';
import { FILTERS as NOTIFICATION_FILTERS } from '../notifications/filter';
import { config } from './boot';
import { CrashPage } from './CrashPage';
import { NotFoundPage } from './NotFoundPage';
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
  component: lazyRouteComponent(() => import('../home/HomePage')),
});

const catalog = createRoute({
  getParentRoute: () => root,
  path: '/catalog',
  validateSearch: searchOf('q', 'sort', 'cols'),
  component: lazyRouteComponent(() => import('../catalog/CatalogPage')),
});

const entity = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$namespace/$kind/$name',
  component: lazyRouteComponent(() => import('../entity/EntityPage')),
});

const entityTab = createRoute({
  getParentRoute: () => root,
  path: '/catalog/$namespace/$kind/$name/$tab',
  validateSearch: searchOf('format', 'depth', 'relations', 'kinds', 'view', 'compare', 'operation'),
  component: lazyRouteComponent(() => import('../entity/EntityPage')),
});

const apis = createRoute({
  getParentRoute: () => root,
  path: '/api-docs',
  validateSearch: searchOf('q', 'sort', 'cols'),
  component: lazyRouteComponent(() => import('../apis/ApisPage')),
});

const graph = createRoute({
  getParentRoute: () => root,
  path: '/catalog-graph',
  validateSearch: searchOf('root', 'depth', 'relations', 'kinds', 'direction'),
  component: lazyRouteComponent(() => import('../graph/GraphPage')),
});

const register = createRoute({
  getParentRoute: () => root,
  path: '/catalog-import',
  validateSearch: searchOf('url'),
  component: lazyRouteComponent(() => import('../register/RegisterPage')),
});

const describe = createRoute({
  getParentRoute: () => root,
  path: '/catalog-import/describe',
  component: lazyRouteComponent(() => import('../register/DescribePage')),
});

const org = createRoute({
  getParentRoute: () => root,
  path: '/org',
  validateSearch: searchOf('find'),
  component: lazyRouteComponent(() => import('../org/OrgPage')),
});

const notifications = createRoute({
  getParentRoute: () => root,
  path: '/notifications',
  validateSearch: searchOf(...NOTIFICATION_FILTERS),
  component: lazyRouteComponent(() => import('../notifications/NotificationsPage')),
});

const settings = createRoute({
  getParentRoute: () => root,
  path: '/settings',
  component: lazyRouteComponent(() => import('../settings/SettingsPage')),
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
  component: lazyRouteComponent(() => import('../admin/AdminPage')),
});

const roles = createRoute({
  getParentRoute: () => root,
  path: '/admin/roles',
  validateSearch: searchOf('find'),
  component: lazyRouteComponent(() => import('../admin/roles/RolesPage')),
});

const newRole = createRoute({
  getParentRoute: () => root,
  path: '/admin/roles/new',
  component: lazyRouteComponent(() => import('../admin/roles/RoleFormPage')),
});

const role = createRoute({
  getParentRoute: () => root,
  path: '/admin/roles/$namespace/$name',
  component: lazyRouteComponent(() => import('../admin/roles/RolePage')),
});

const editRole = createRoute({
  getParentRoute: () => root,
  path: '/admin/roles/$namespace/$name/edit',
  component: lazyRouteComponent(() => import('../admin/roles/RoleFormPage'), 'EditRolePage'),
});

const explain = createRoute({
  getParentRoute: () => root,
  path: '/admin/explain',
  validateSearch: searchOf('user', 'permission', 'on'),
  component: lazyRouteComponent(() => import('../admin/explain/ExplainPage')),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/admin/audit',
  validateSearch: searchOf(...AUDIT_FILTERS),
  component: lazyRouteComponent(() => import('../admin/audit/AuditPage')),
});

const auditRecord = createRoute({
  getParentRoute: () => root,
  path: '/admin/audit/$seq',
  component: lazyRouteComponent(() => import('../admin/audit/RecordPage')),
});

const create = createRoute({
  getParentRoute: () => root,
  path: '/create',
  validateSearch: searchOf('find', 'type', 'tag', 'show', 'entity'),
  component: lazyRouteComponent(() => import('../create/CreatePage')),
});

const template = createRoute({
  getParentRoute: () => root,
  path: '/create/templates/$namespace/$name',
  validateSearch: searchOf('formData', 'entity', 'task'),
  component: lazyRouteComponent(() => import('../create/TemplatePage')),
});

const tasks = createRoute({
  getParentRoute: () => root,
  path: '/create/tasks',
  validateSearch: searchOf('by', 'status', 'page'),
  component: lazyRouteComponent(() => import('../create/run/TasksPage')),
});

const task = createRoute({
  getParentRoute: () => root,
  path: '/create/tasks/$id',
  validateSearch: searchOf('line', 'steps'),
  component: lazyRouteComponent(() => import('../create/run/TaskPage')),
});

const actions = createRoute({
  getParentRoute: () => root,
  path: '/create/actions',
  validateSearch: searchOf('find', 'action'),
  component: lazyRouteComponent(() => import('../create/ActionsPage')),
});

const templateEditor = createRoute({
  getParentRoute: () => root,
  path: '/create/editor',
  validateSearch: searchOf('template'),
  component: lazyRouteComponent(() => import('../templates-editor/EditorPage')),
});

const forms = createRoute({
  getParentRoute: () => root,
  path: '/create/forms',
  component: lazyRouteComponent(() => import('../templates-editor/FormsPage')),
});

const consent = createRoute({
  getParentRoute: () => root,
  path: '/oauth2/authorize/$id',
  component: lazyRouteComponent(() => import('../consent/ConsentPage')),
});

const device = createRoute({
  getParentRoute: () => root,
  path: '/oauth2/device',
  validateSearch: searchOf('user_code'),
  component: lazyRouteComponent(() => import('../consent/DevicePage')),
});

const gallery = createRoute({
  getParentRoute: () => root,
  path: '/design',
  component: lazyRouteComponent(() => import('../ui/GalleryPage')),
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

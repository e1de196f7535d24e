/** The frame around every page: the rail, what is above and below everything. */

import { onlineManager, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import {
  Bell,
  Building2,
  House,
  LayoutList,
  Menu as MenuIcon,
  PanelLeft,
  Plug,
  Search,
  Settings,
  Share2,
  ShieldAlert,
  Sparkles,
  SquarePlus,
  WifiOff,
} from 'lucide-react';
import {
  type ComponentProps,
  lazy,
  Suspense,
  useEffect,
  useState,
  useSyncExternalStore,
} from 'react';
import { useKeys } from '../keys/keys';
import { connection } from '../live/connection';
import { countsQuery } from '../notifications/queries';
import { MAY, useMay, useMayAdminister } from '../session/may';
import { useUser } from '../session/useSession';
import { Button, IconButton } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { Avatar, Kbd } from '../ui/Small';
import { config } from './boot';
import { stars, useKept } from './kept';
import { router } from './router';
import { useStarsOfUser } from './stars';
import { told } from './told';
import '../ui/index.css';
import './shell.css';

const loadPalette = () => import('../palette/Palette');
const Palette = lazy(loadPalette);
/** What is needed to find and open an entity, also when there is no network by then. */
async function prepare() {
  await Promise.all([loadPalette(), import('../entity/EntityPage'), loadParts()]);
  const { fillIndex } = await import('../palette/cache');
  await fillIndex();
}
const KeyHelp = lazy(() => import('../keys/KeyHelp'));
const loadDrawer = () => import('./Drawer');
const Drawer = lazy(loadDrawer);
/** What pages load when somebody is about to use it. */
const loadParts = () =>
  Promise.all([import('../entity/EntityMenu'), import('../ui/HoverCard'), loadDrawer()]);

type Overlay = 'palette' | 'keys' | null;
/** Not before the page has what it needs itself. */
const EXTRAS_AFTER_MS = 1500;
const COLLAPSED = 'callboard.rail';
/** Pinned entities in the rail; the rest is on the home page. */
const MAX_PINNED = 8;

export function Shell() {
  const [overlay, setOverlay] = useState<Overlay>(null);
  const [isCollapsed, setCollapsed] = useState(() => localStorage.getItem(COLLAPSED) === '1');
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const path = useRouterState({ select: state => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the drawer closes when the page changes
  useEffect(() => setDrawerOpen(false), [path]);
  const collapse = () => {
    localStorage.setItem(COLLAPSED, isCollapsed ? '0' : '1');
    setCollapsed(!isCollapsed);
  };
  useGlobalKeys(setOverlay, collapse);
  // Who presses Ctrl K types on at once.
  useEffect(() => {
    // Without it now, it is loaded when it is asked for.
    const load = () => void prepare().catch(() => undefined);
    const timer = setTimeout(load, EXTRAS_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const client = useQueryClient();
  useEffect(() => {
    let stop: (() => void) | undefined;
    let isOver = false;
    const begin = async () => {
      const live = await import('../live/live').catch(() => undefined);
      if (isOver) return;
      if (live) {
        stop = live.startLive(client);
        return;
      }
      // The portal went away before this tab could listen.
      connection.set(false);
      timer = setTimeout(() => void begin(), EXTRAS_AFTER_MS);
    };
    // What happens until then is told by the stream: the page says how new its data is.
    let timer = setTimeout(() => void begin(), EXTRAS_AFTER_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
      stop?.();
    };
  }, [client]);
  const rail = <Rail onSearch={() => setOverlay('palette')} onCollapse={collapse} />;
  return (
    <>
      <a className="btn skip-link" href="#main">
        Skip to content
      </a>
      <div className="shell" data-collapsed={isCollapsed ? '' : undefined}>
        {rail}
        <div>
          <TopBar onMenu={() => setDrawerOpen(true)} onSearch={() => setOverlay('palette')} />
          <Offline />
          <Told />
          <main id="main" tabIndex={-1}>
            <Outlet />
          </main>
        </div>
      </div>
      <Suspense>
        {isDrawerOpen && <Drawer onClose={() => setDrawerOpen(false)}>{rail}</Drawer>}
        {overlay === 'palette' && <Palette onClose={() => setOverlay(null)} />}
        {overlay === 'keys' && <KeyHelp onClose={() => setOverlay(null)} />}
      </Suspense>
    </>
  );
}

function useGlobalKeys(setOverlay: (overlay: Overlay) => void, collapse: () => void) {
  const go = (keys: string, label: string, to: ComponentProps<typeof Link>['to']) => ({
    keys,
    label,
    group: 'Go to',
    run: () => void router.navigate({ to }),
  });
  useKeys([
    {
      keys: 'mod+k',
      label: 'Search and commands',
      group: 'Anywhere',
      always: true,
      run: () => setOverlay('palette'),
    },
    { keys: '?', label: 'Keys of this page', group: 'Anywhere', run: () => setOverlay('keys') },
    { keys: '[', label: 'Fold the navigation', group: 'Anywhere', run: collapse },
    go('g h', 'Home', '/'),
    go('g c', 'Catalog', '/catalog'),
    go('g a', 'APIs', '/api-docs'),
    go('g g', 'Graph', '/catalog-graph'),
    go('g o', 'Organization', '/org'),
    go('g n', 'Create', '/create'),
    go('g i', 'Notifications', '/notifications'),
    go('g s', 'Settings', '/settings'),
  ]);
}

function Rail({ onSearch, onCollapse }: { onSearch: () => void; onCollapse: () => void }) {
  useStarsOfUser();
  const pinned = useKept(stars).slice(0, MAX_PINNED);
  const user = useUser();
  const mayRegister = useMay(MAY.register);
  const mayAdminister = useMayAdminister();
  return (
    <nav className="rail" aria-label="Main">
      <Link to="/" className="rail-brand" title={config.title}>
        <Mark />
        <span className="rail-label truncate">{config.organization ?? config.title}</span>
      </Link>
      <button type="button" className="rail-search" onClick={onSearch} title="Search and commands">
        <Search aria-hidden />
        <span className="rail-label">Search</span>
        <Kbd keys="mod+k" />
      </button>
      <RailLink to="/" icon={<House aria-hidden />} label="Home" exact />
      <RailLink to="/catalog" icon={<LayoutList aria-hidden />} label="Catalog" />
      <RailLink to="/api-docs" icon={<Plug aria-hidden />} label="APIs" />
      <RailLink to="/catalog-graph" icon={<Share2 aria-hidden />} label="Graph" />
      <RailLink to="/org" icon={<Building2 aria-hidden />} label="Organization" />
      <RailLink to="/create" icon={<Sparkles aria-hidden />} label="Create" />
      {mayRegister !== false && (
        <RailLink to="/catalog-import" icon={<SquarePlus aria-hidden />} label="Register" />
      )}
      {pinned.length > 0 && <div className="rail-heading">Starred</div>}
      {pinned.map(ref => (
        <div className="rail-link" key={ref}>
          <EntityLink entityRef={ref} />
        </div>
      ))}
      <div className="rail-fill" />
      {mayAdminister && <RailLink to="/admin" icon={<ShieldAlert aria-hidden />} label="Admin" />}
      <Unread />
      <RailLink to="/settings" icon={<Settings aria-hidden />} label="Settings" />
      {user.userEntityRef && (
        <div className="rail-link">
          <Avatar name={user.userEntityRef.split('/')[1] ?? '?'} size={18} />
          <span className="rail-label truncate">
            <EntityLink entityRef={user.userEntityRef} icon={false} />
          </span>
        </div>
      )}
      <button type="button" className="rail-link" onClick={onCollapse} title="Fold the navigation">
        <PanelLeft aria-hidden />
        <span className="rail-label">Fold</span>
      </button>
    </nav>
  );
}

/** Larger numbers say no more. */
const MAX_UNREAD = 99;

function Unread() {
  const { data } = useQuery(countsQuery);
  const unread = data?.unread ?? 0;
  const badge = unread > MAX_UNREAD ? `${MAX_UNREAD}+` : String(unread);
  return (
    <RailLink
      to="/notifications"
      icon={<Bell aria-hidden />}
      label="Notifications"
      note={unread > 0 ? `${badge} unread` : undefined}
    />
  );
}

interface RailLinkProps {
  to: ComponentProps<typeof Link>['to'];
  icon: React.ReactNode;
  label: string;
  exact?: boolean;
  /** A number and what it counts. */
  note?: string;
}

function RailLink({ to, icon, label, exact = false, note }: RailLinkProps) {
  return (
    <Link
      to={to}
      className="rail-link"
      activeOptions={{ exact, includeSearch: false }}
      title={note ? `${label}, ${note}` : label}
    >
      {icon}
      <span className="rail-label">{label}</span>
      {note && (
        <span className="rail-note">
          {note.split(' ')[0]} <span className="sr-only">{note.split(' ')[1]}</span>
        </span>
      )}
    </Link>
  );
}

function TopBar({ onMenu, onSearch }: { onMenu: () => void; onSearch: () => void }) {
  return (
    <div className="topbar">
      <IconButton label="Open navigation" onClick={onMenu}>
        <MenuIcon />
      </IconButton>
      <strong className="truncate">{config.organization ?? config.title}</strong>
      <IconButton label="Search and commands" onClick={onSearch}>
        <Search />
      </IconButton>
    </div>
  );
}

/** Says that what is shown may be old. */
function Offline() {
  const isOnline = useSyncExternalStore(
    listener => onlineManager.subscribe(listener),
    () => onlineManager.isOnline(),
  );
  const isConnected = useSyncExternalStore(connection.subscribe, connection.get);
  const client = useQueryClient();
  if (isOnline && isConnected) return null;
  return (
    <div className="offline" role="status">
      <WifiOff size={16} aria-hidden />
      <span className="grow">
        {isOnline
          ? 'The portal does not answer: this page may be old. Trying again.'
          : 'No network: this page shows what was loaded before.'}
      </span>
      <Button size="small" onClick={() => client.refetchQueries({ type: 'active' })}>
        Try again
      </Button>
    </div>
  );
}

/** What could not be done in the background. */
function Told() {
  const text = useSyncExternalStore(told.subscribe, told.get);
  if (text === undefined) return null;
  return (
    <div className="offline" role="alert">
      <span className="grow">{text}</span>
      <Button size="small" onClick={() => told.set(undefined)}>
        Close
      </Button>
    </div>
  );
}

export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="7" fill="var(--accent-fill)" />
      <path d="M9 10h14M9 16h9M9 22h11" stroke="#fff" strokeWidth="3" strokeLinecap="round" />
    </svg>
  );
}

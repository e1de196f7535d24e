/** Every component of the design system with its states: what to build pages from. */

import { Star } from 'lucide-react';
import { useState } from 'react';
import { Button, IconButton } from './Button';
import { Dialog } from './Dialog';
import { KindIcon } from './KindIcon';
import { Menu, MenuItem } from './Menu';
import { Card, Page } from './Page';
import { Avatar, Badge, CopyButton, Kbd, Notice, Skeleton, SkeletonRows, Time } from './Small';
import { Empty, ErrorState } from './States';

const TOKENS = [
  'bg',
  'surface',
  'raised',
  'hover',
  'border',
  'border-strong',
  'text',
  'text-muted',
  'accent',
  'ok',
  'warn',
  'error',
  'info',
];
const KINDS = [
  'component',
  'api',
  'resource',
  'system',
  'domain',
  'group',
  'user',
  'location',
  'template',
  'other',
];

export default function GalleryPage() {
  const [isOpen, setOpen] = useState(false);
  return (
    <Page
      title="Design system"
      lead="The parts of this app. Pages are made of these, and of nothing else that looks like them."
    >
      <div className="columns" data-examples>
        <div className="column">
          <Card title="Buttons">
            <div className="page-actions">
              <Button variant="primary">Register location</Button>
              <Button>Refresh</Button>
              <Button variant="danger">Unregister</Button>
              <Button variant="quiet">Cancel</Button>
              <Button disabled>Not now</Button>
              <Button size="small">Small</Button>
              <IconButton label="Star">
                <Star />
              </IconButton>
              <CopyButton text="component:default/x" label="Copy" />
              <Menu trigger={<Button>Menu</Button>}>
                <MenuItem onSelect={() => {}}>First</MenuItem>
                <MenuItem tone="danger" onSelect={() => {}}>
                  Dangerous
                </MenuItem>
              </Menu>
              <Button onClick={() => setOpen(true)}>Dialog</Button>
            </div>
          </Card>
          <Card title="States of a list" flush>
            <SkeletonRows n={2} />
            <Empty title="Nothing yet" example="spec:\n  owner: my-group">
              Says what belongs here and the one thing to do.
            </Empty>
            <ErrorState error={new Error('says the cause and the next step')} onRetry={() => {}} />
          </Card>
          <Card title="Notices">
            <div className="column" style={{ gap: 8 }}>
              <Notice tone="ok">All is well</Notice>
              <Notice tone="info">Good to know</Notice>
              <Notice tone="warn">Worth a look</Notice>
              <Notice tone="error">Broken</Notice>
            </div>
          </Card>
        </div>
        <div className="column">
          <Card title="Small things">
            <div className="page-actions">
              <Badge>draft</Badge>
              <Badge tone="ok">production</Badge>
              <Badge tone="info">experimental</Badge>
              <Badge tone="warn">deprecated</Badge>
              <Badge tone="error">2 errors</Badge>
              <span className="chip">tag</span>
              <Avatar name="Ada Lovelace" />
              <Kbd keys="mod+k" />
              <Time at={Date.now() - 7_200_000} />
              <Skeleton width={80} />
            </div>
          </Card>
          <Card title="Kinds">
            <div className="page-actions">
              {KINDS.map(kind => (
                <span key={kind} className="entity-link">
                  <KindIcon kind={kind} /> {kind}
                </span>
              ))}
            </div>
          </Card>
          <Card title="Tokens" flush>
            <ul className="rows">
              {TOKENS.map(token => (
                <li key={token}>
                  <span
                    className="avatar"
                    style={{
                      width: 20,
                      height: 20,
                      background: `var(--${token})`,
                      outline: '1px solid var(--border)',
                    }}
                  />
                  <code>--{token}</code>
                </li>
              ))}
            </ul>
          </Card>
        </div>
      </div>
      <Dialog
        open={isOpen}
        onClose={() => setOpen(false)}
        title="A dialog"
        actions={<Button onClick={() => setOpen(false)}>Close</Button>}
      >
        <p>Asks one thing. Escape closes it, and the focus goes back to where it was.</p>
      </Dialog>
    </Page>
  );
}

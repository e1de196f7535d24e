/** Who I am here, and how the portal looks in this browser. */

import { Link } from '@tanstack/react-router';
import { config } from '../app/boot';
import { type Look, setLook, useLook } from '../app/look';
import { session } from '../session/session';
import { useUser } from '../session/useSession';
import { Button } from '../ui/Button';
import { EntityLink } from '../ui/EntityLink';
import { Card, Page } from '../ui/Page';
import { Kbd } from '../ui/Small';
import { ActingCard } from './ActingCard';
import { NotificationsCard } from './NotificationsCard';
import './settings.css';

export default function SettingsPage() {
  return (
    <Page title="Settings">
      <div className="columns">
        <div className="column">
          <Profile />
          <Appearance />
          <ActingCard />
        </div>
        <div className="column">
          <NotificationsCard />
          <Card title="Keyboard">
            <p>
              <Kbd keys="?" /> lists the keys of each page, <Kbd keys="mod+k" /> finds everything.
            </p>
          </Card>
          <Card title="About">
            <dl className="facts">
              <dt>Portal</dt>
              <dd>{config.title}</dd>
              <dt>Version</dt>
              <dd>
                <code>{config.version}</code>
              </dd>
              <dt>Design</dt>
              <dd>
                <Link to="/design">Components of this app</Link>
              </dd>
            </dl>
          </Card>
        </div>
      </div>
    </Page>
  );
}

function Profile() {
  const user = useUser();
  return (
    <Card
      title="Profile"
      actions={<Button onClick={() => void session.signOut()}>Sign out</Button>}
    >
      <dl className="facts">
        <dt>Signed in as</dt>
        <dd>
          <EntityLink entityRef={user.userEntityRef} />{' '}
          <code className="muted">{user.userEntityRef}</code>
        </dd>
        <dt>Owns through</dt>
        <dd>
          {user.ownershipEntityRefs.map(ref => (
            <EntityLink key={ref} entityRef={ref} />
          ))}
        </dd>
      </dl>
    </Card>
  );
}

interface ChoiceProps<K extends keyof Look> {
  label: string;
  name: K;
  options: [Look[K], string][];
}

function Choice<K extends keyof Look>({ label, name, options }: ChoiceProps<K>) {
  const look = useLook();
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <fieldset className="segmented" aria-label={label}>
          {options.map(([value, title]) => (
            <button
              type="button"
              key={title}
              aria-pressed={look[name] === value}
              onClick={() => setLook({ [name]: value })}
            >
              {title}
            </button>
          ))}
        </fieldset>
      </dd>
    </>
  );
}

function Appearance() {
  return (
    <Card title="Appearance">
      <dl className="facts">
        <Choice
          name="theme"
          label="Theme"
          options={[
            [undefined, 'System'],
            ['light', 'Light'],
            ['dark', 'Dark'],
          ]}
        />
        <Choice
          name="contrast"
          label="Contrast"
          options={[
            [undefined, 'Normal'],
            ['more', 'High'],
          ]}
        />
        <Choice
          name="density"
          label="Density"
          options={[
            [undefined, 'Normal'],
            ['compact', 'Compact'],
          ]}
        />
      </dl>
      <p className="field-help" style={{ marginTop: 12 }}>
        These are kept in this browser, as recently seen entities are.
      </p>
    </Card>
  );
}

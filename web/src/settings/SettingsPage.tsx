/** Who I am here, where I am signed in, and how the portal looks and hears keys in this browser. */

import { Link } from '@tanstack/react-router';
import { config } from '../app/boot';
import { type Look, setLook, useLook } from '../app/look';
import { Card, Page } from '../ui/Page';
import { ActingCard } from './ActingCard';
import { KeyboardCard } from './KeyboardCard';
import { KnownCard } from './KnownCard';
import { NotificationsCard } from './NotificationsCard';
import { SessionsCard } from './SessionsCard';
import { TokensCard } from './TokensCard';
import './settings.css';

export default function SettingsPage() {
  return (
    <Page title="Settings">
      <div className="columns">
        <div className="column">
          <KnownCard />
          <SessionsCard />
          <ActingCard />
          <TokensCard />
        </div>
        <div className="column">
          <Appearance />
          <NotificationsCard />
          <KeyboardCard />
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

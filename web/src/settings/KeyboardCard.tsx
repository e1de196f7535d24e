/** The keys of each page, and a switch for those that are letters alone. */

import { setLetters, useLetters } from '../keys/keys';
import { Card } from '../ui/Page';
import { Kbd } from '../ui/Small';
import { KEYS } from './keyList';

export function KeyboardCard() {
  const isOn = useLetters();
  return (
    <Card title="Keyboard">
      <label className="check">
        <input
          type="checkbox"
          checked={isOn}
          onChange={({ target }) => setLetters(target.checked)}
        />
        Keys that are a letter or a sign alone
      </label>
      <p className="field-help">
        Without them only keys with <Kbd keys="mod+k" />, arrows and Enter do something. This is
        kept in this browser. <Kbd keys="?" /> lists the keys of the page you are on.
      </p>
      {KEYS.map(({ page, keys }) => (
        <section key={page} className="key-group">
          <h3>{page}</h3>
          <dl>
            {keys.map(([key, label]) => (
              <div key={key}>
                <dt>{label}</dt>
                <dd>
                  <Kbd keys={key} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Card>
  );
}

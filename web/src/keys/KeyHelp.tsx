import { Dialog } from '../ui/Dialog';
import { Kbd } from '../ui/Small';
import { type Binding, useBindings } from './keys';
import './keys.css';

/** The keys that work on this page now. */
export default function KeyHelp({ onClose }: { onClose: () => void }) {
  const bindings = useBindings();
  const groups = new Map<string, Binding[]>();
  for (const binding of bindings) {
    groups.set(binding.group, [...(groups.get(binding.group) ?? []), binding]);
  }
  return (
    <Dialog open onClose={onClose} title="Keys">
      {[...groups].map(([group, own]) => (
        <section key={group}>
          <h3>{group}</h3>
          <dl className="key-list">
            {own.map(binding => (
              <div key={binding.keys}>
                <dt>{binding.label}</dt>
                <dd>
                  <Kbd keys={binding.keys} />
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </Dialog>
  );
}

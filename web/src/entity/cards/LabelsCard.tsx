import { useState } from 'react';
import type { Entity } from '../../api/entity';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Page';

/** Labels and annotations: for machines first, so folded. */
export function LabelsCard({ entity }: { entity: Entity }) {
  const [isOpen, setOpen] = useState(false);
  const labels = Object.entries(entity.metadata.labels ?? {});
  const annotations = Object.entries(entity.metadata.annotations ?? {});
  const n = labels.length + annotations.length;
  if (n === 0) return null;
  const toggle = (
    <Button variant="quiet" size="small" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
      {isOpen ? 'Hide' : 'Show'}
    </Button>
  );
  return (
    <Card title="Labels and annotations" count={n} actions={toggle} flush>
      {isOpen && (
        <dl className="facts facts-stacked card-body">
          {[...labels, ...annotations].map(([key, value]) => (
            <div key={key}>
              <dt>{key}</dt>
              <dd>
                <code>{value}</code>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}

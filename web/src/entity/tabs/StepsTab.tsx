/** The steps of a template, in order. */

import { type Entity, isRecord } from '../../api/entity';
import { Card } from '../../ui/Page';

export default function StepsTab({ entity }: { entity: Entity }) {
  const steps = Array.isArray(entity.spec?.steps) ? entity.spec.steps.filter(isRecord) : [];
  return (
    <Card title="Steps" count={steps.length} flush>
      <ol className="rows">
        {steps.map((step, at) => (
          <li key={String(step.id ?? at)}>
            <span className="count">{at + 1}</span>
            <span className="grow truncate">{String(step.name ?? step.id ?? '')}</span>
            <code className="muted">{String(step.action ?? '')}</code>
          </li>
        ))}
      </ol>
    </Card>
  );
}
